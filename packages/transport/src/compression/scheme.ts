import type { ElementCodecName } from './element-codec.js';
import type { MessageKind } from './message-kind.js';

/**
 * What a compressor remembers between messages, as numbers only, so that it checkpoints. Both are changed in place, and are empty where the
 * scheme needs none.
 */
export interface CompressorState {
  /** e: what went in and was not sent yet. */
  readonly residual: Float32Array;
  /** u: top-k's momentum. */
  readonly velocity: Float32Array;
}

/**
 * One scheme for one kind of message, with error feedback for deltas (Karimireddy, Rebjock, Stich, Jaggi 2019, "Error feedback fixes
 * SignSGD and other gradient compression schemes"): p = g + e; send C(p); e = p − C(p). So nothing is lost: what was sent and e together
 * are what went in, up to float32 rounding.
 *
 * A state is sent with no feedback: it replaces the one before, whose error then no longer matters. A NaN or ∞ that goes in is sent as
 * such and stays in the residual (top-k: leaves it), so that it is seen.
 *
 * The object holds options only; all memory is in the state, which may move from one compressor to another of the same memory.
 */
export interface Compressor {
  readonly scheme: CompressionScheme;
  readonly message: MessageKind;
  /** Exact length in bytes of a message of n elements. */
  bytes(n: number): number;
  /** The state before the first message of n elements. */
  init(n: number): CompressorState;
  /**
   * Encodes g into the first bytes of out, at least bytes(g.length) of them. g is not changed.
   *
   * @returns the bytes written, bytes(g.length)
   * @throws {TransportError} `configuration` when out is too short or the state is another length's, `misaligned` when out's place is none
   * that 4 divides; neither state nor out is changed then
   */
  compress(g: Float32Array, state: CompressorState, out: Uint8Array): number;
  /**
   * out ← C(p). Everything is checked before out is written.
   *
   * @throws {TransportError} `protocol` when bytes are no message of out.length elements, `misaligned` when their place is none that 4 divides
   */
  decompress(bytes: Uint8Array, out: Float32Array): void;
  /** y ← y + C(p), checked in the same way. */
  addDecompressed(bytes: Uint8Array, y: Float32Array): void;
}

/** PowerSGD is apart: {@link powerSgd}, since it is an all-reduce and not a message. */
export type CompressionScheme = ElementCodecName | '1-bit' | 'top-k';
