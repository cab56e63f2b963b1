import type { Vector } from '@weft/native';
import type { PushId } from './parameter-shard.js';

/** A worker's way to all parameter shards at once: each call goes to every shard and resolves when all have answered. */
export interface ShardLink {
  /** Fills `into` (n elements) with θ: the center that the next push is computed from. */
  pull(into: Vector): Promise<void>;
  /** Fills `into` with θ to look at, to score it say: staleness goes on being counted from the last pull or reply. */
  peek(into: Vector): Promise<void>;
  /**
   * Sends a message of n elements; the shards' replies fill `reply` unless it is null. Both vectors are the link's until
   * the promise settles.
   *
   * @returns τ at each shard
   */
  push(id: PushId, message: Vector, reply: Vector | null): Promise<readonly number[]>;
}
