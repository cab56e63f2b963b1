import { expectCode, expectSpace } from './code-checks.js';

/**
 * Float32 elements as fewer bytes, and back, with no memory between calls: what compressors and collectives send.
 *
 * The bytes of n elements are the bytes of the first m followed by those of the rest, for any m that `blockElements` divides.
 */
export interface ElementCodec {
  readonly name: string;
  /** Elements that are encoded together. */
  readonly blockElements: number;
  /** The largest magnitude that stays finite. */
  readonly limit: number;
  /** Exact length in bytes of n elements. */
  bytes(n: number): number;
  /**
   * out ← x; out has exactly bytes(x.length).
   *
   * @throws {TransportError} `configuration` when it has not, `misaligned` where 16-bit words would straddle
   */
  encode(x: Float32Array, out: Uint8Array): void;
  /**
   * out ← the values of bytes, which has exactly bytes(out.length). Any content of that length decodes.
   *
   * @throws {TransportError} `protocol` when it has not, `misaligned` where 16-bit words would straddle
   */
  decode(bytes: Uint8Array, out: Float32Array): void;
}

/**
 * A codec that checks the lengths of what it is given before its functions run.
 *
 * @example checkedCodec({ name, blockElements: 1, limit, bytes: (n) => 2 * n, encode: toWords, decode: fromWords })
 */
export function checkedCodec(codec: ElementCodec): ElementCodec {
  const { name, bytes: bytesFor } = codec;
  return {
    ...codec,
    encode(x, out) {
      expectSpace(name, x.length, bytesFor(x.length), out.length);
      codec.encode(x, out);
    },
    decode(bytes, out) {
      expectCode(name, out.length, bytesFor(out.length), bytes.length);
      codec.decode(bytes, out);
    },
  };
}
