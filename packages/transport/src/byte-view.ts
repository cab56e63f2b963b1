/**
 * A view's memory as bytes: no copy.
 *
 * @example bytesOf(Float32Array.of(1, 2)).length // 8
 */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
