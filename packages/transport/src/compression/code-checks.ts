import { TransportError } from '../errors.js';

/**
 * What an encoder may write into.
 *
 * @throws {TransportError} `configuration` when the length is another than n elements take
 */
export function expectSpace(codec: string, n: number, expected: number, bytes: number): void {
  if (bytes !== expected)
    throw new TransportError('configuration', `${codec}: ${expected} bytes expected for ${n} elements, got ${bytes}`);
}

/**
 * What came for n elements.
 *
 * @throws {TransportError} `protocol` when the length is another than n elements take
 */
export function expectCode(codec: string, n: number, expected: number, bytes: number): void {
  if (bytes !== expected)
    throw new TransportError('protocol', `${codec}: ${expected} bytes expected for ${n} elements, ${bytes} came`);
}

/**
 * The first bytes of out, as many as n elements take.
 *
 * @throws {TransportError} `configuration` when out is shorter, `misaligned` when its place is none that 4 divides
 */
export function spaceFor(codec: string, n: number, expected: number, out: Uint8Array): Uint8Array {
  if (out.length < expected)
    throw new TransportError(
      'configuration',
      `${codec}: at least ${expected} bytes expected for ${n} elements, got ${out.length}`,
    );
  if (out.byteOffset % 4 !== 0)
    throw new TransportError('misaligned', `${codec}: an offset that 4 divides expected, got ${out.byteOffset}`);
  return out.subarray(0, expected);
}

/**
 * Whether a state fits the vector that it is used with.
 *
 * @param lengths the expected length of each of its vectors, by name
 * @throws {TransportError} `configuration` when one differs
 */
export function expectState<K extends string>(
  scheme: string,
  state: Readonly<Record<NoInfer<K>, Float32Array>>,
  lengths: Readonly<Record<K, number>>,
): void {
  for (const name of Object.keys(lengths) as K[]) {
    if (state[name].length !== lengths[name]) {
      throw new TransportError(
        'configuration',
        `${scheme}: ${lengths[name]} elements of ${name} expected in its state, got ${state[name].length}`,
      );
    }
  }
}
