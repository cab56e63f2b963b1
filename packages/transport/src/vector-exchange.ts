import type { Connection, WaitOptions } from './connection.js';
import { TransportError } from './errors.js';
import type { Header } from './header.js';
import type { ShardRange } from './shard-ranges.js';
import { peerName, waitError } from './wait-error.js';

/** A connection to the shard that holds a range of a flat vector. */
export interface ShardPeer {
  readonly connection: Connection;
  /** Elements, as shardRanges gives them. */
  readonly range: ShardRange;
}

/** What is asked of every shard. timeoutMs and signal bound each shard's answer. */
export interface VectorExchange<T> extends WaitOptions {
  readonly kind: number;
  /** The header of the request to a shard, by its place in the list. Default empty. */
  readonly header?: ((shard: number) => Header) | undefined;
  /** Takes the header of a shard's answer, as soon as it comes. What it returns is the shard's result. */
  readonly onReply: (header: Header, shard: number) => T;
}

export interface ScatterOptions<T> extends VectorExchange<T> {
  /** The answers' payloads go into this vector's ranges, of which each must be filled whole. */
  readonly receiveInto?: Float32Array | undefined;
}

/**
 * Sends every shard its range of a flat vector, all at once and without a copy, and waits for all answers. `vector` is not to be
 * written, `receiveInto` not to be touched, until the promise settles: also after one shard has failed it waits for all others.
 *
 * @returns each shard's result, in their order
 * @throws {TransportError} `configuration` when a range is not within the vector; `protocol` when an answer's payload has another
 *   length than the shard's range; else what the first failed request throws, or onReply
 * @example
 * const ranges = shardRanges(delta.length, connections.length);
 * const shards = connections.map((connection, i) => ({ connection, range: ranges[i] }));
 * const versions = await scatterVector(delta, shards, { kind: PUSH, receiveInto: center, onReply: ({ version }) => version });
 */
export async function scatterVector<T>(
  vector: Float32Array,
  shards: readonly ShardPeer[],
  o: ScatterOptions<T>,
): Promise<T[]> {
  return await exchange(shards, o, { send: vector, receive: o.receiveInto });
}

/**
 * Asks every shard for its range of a flat vector, all at once, each straight into its place, and waits for all answers. `vector` is
 * not to be touched until the promise settles.
 *
 * @returns each shard's result, in their order
 * @throws {TransportError} as scatterVector does
 * @example const versions = await gatherVector(center, shards, { kind: PULL, onReply: ({ version }) => version });
 */
export async function gatherVector<T>(
  vector: Float32Array,
  shards: readonly ShardPeer[],
  o: VectorExchange<T>,
): Promise<T[]> {
  return await exchange(shards, o, { send: undefined, receive: vector });
}

async function exchange<T>(
  shards: readonly ShardPeer[],
  o: VectorExchange<T>,
  vectors: { readonly send: Float32Array | undefined; readonly receive: Float32Array | undefined },
): Promise<T[]> {
  const { kind, header, onReply, timeoutMs, signal } = o;
  const places = shards.map(({ range }, i) => ({
    sendView: vectors.send && bytesOf(vectors.send, range, i),
    receiveInto: vectors.receive && bytesOf(vectors.receive, range, i),
  }));
  const answers = shards.map(async ({ connection }, i) => {
    const { sendView, receiveInto } = places[i]!;
    const reply = await connection.request(kind, header?.(i) ?? {}, { sendView, receiveInto, timeoutMs, signal });
    // A shorter answer would leave the rest of the range as it was.
    if (receiveInto !== undefined && reply.payload.length !== receiveInto.length) {
      const wait = {
        operation: `answer of shard ${i} (kind ${kind})`,
        peer: peerName(connection.peer, connection.address),
        receivedBytes: reply.payload.length,
        expectedBytes: receiveInto.length,
      };
      throw waitError('protocol', wait, { reason: 'an answer that fills its range expected' });
    }
    return onReply(reply.header, i);
  });
  // Only when all have ended does nobody read or write the caller's vectors any more.
  await Promise.allSettled(answers);
  return await Promise.all(answers);
}

/** The bytes of a range of a vector, in place. */
function bytesOf(vector: Float32Array, { start, end }: ShardRange, shard: number): Uint8Array {
  if (!(start >= 0 && start <= end && end <= vector.length)) {
    throw new TransportError(
      'configuration',
      `shard ${shard}: a range within ${vector.length} elements expected, got ${start} to ${end}`,
    );
  }
  return new Uint8Array(vector.buffer, vector.byteOffset + 4 * start, 4 * (end - start));
}
