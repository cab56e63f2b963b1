import { TransportError } from './errors.js';

/** Where a server's received payloads are put. The connection acquires before it reads, and releases when the message is done with. */
export interface PayloadPool {
  /** A place of exactly payloadBytes, at an offset that 8 divides. Its content does not matter. */
  acquire(kind: number, payloadBytes: number): Uint8Array;
  /** Gives back what acquire gave, once. */
  release(payload: Uint8Array): void;
}

/**
 * Reuses receive buffers of equal length: what a parameter shard wants, to which the same lengths come again and again. Fresh
 * memory for pushes of many MB costs page faults each time.
 *
 * @param options.maxRetainedBytes bytes kept for reuse; what is released above that is left to the garbage collector
 * @throws {TransportError} `configuration` when maxRetainedBytes is not a number ≥ 0
 * @example await listen({ identity, token, handler, pool: payloadPool({ maxRetainedBytes: 64 * 1024 ** 2 }) })
 */
export function payloadPool(options: { readonly maxRetainedBytes: number }): PayloadPool {
  const { maxRetainedBytes } = options;
  if (!(maxRetainedBytes >= 0)) {
    throw new TransportError(
      'configuration',
      `maxRetainedBytes: a number ≥ 0 expected, got ${String(maxRetainedBytes)}`,
    );
  }
  const free = new Map<number, Uint8Array[]>();
  let retainedBytes = 0;
  return {
    acquire(_kind, payloadBytes) {
      const reused = free.get(payloadBytes)?.pop();
      if (reused === undefined) return freshPayload(payloadBytes);
      retainedBytes -= payloadBytes;
      return reused;
    },
    release(payload) {
      const bytes = payload.byteLength;
      // Lengths that no longer come must not keep out those that do.
      for (const [length, others] of free) {
        if (length === bytes || retainedBytes + bytes <= maxRetainedBytes) continue;
        retainedBytes -= length * others.length;
        free.delete(length);
      }
      if (retainedBytes + bytes > maxRetainedBytes) return;
      const list = free.get(bytes);
      if (list === undefined) free.set(bytes, [payload]);
      else list.push(payload);
      retainedBytes += bytes;
    },
  };
}

/** Above this length the zeros that JavaScript fills memory with cost more than the way around them. */
const ZEROED_BYTES = 4096;

/**
 * Fresh memory of its own for a payload: aligned; a long one is not filled with zeros, since all of it is about to be written.
 *
 * @example freshPayload(4096).byteOffset // 0
 */
export function freshPayload(bytes: number): Uint8Array {
  if (bytes <= ZEROED_BYTES) return new Uint8Array(bytes);
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer, 0, bytes);
}
