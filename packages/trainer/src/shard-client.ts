/** The worker's side of the shards: one flat vector, scattered to and gathered from all of them at once. */
import type { Vector } from '@weft/native';
import { gatherVector, type ShardPeer, scatterVector } from '@weft/transport';
import type { ShardLink } from './shard-link.js';
import { countOf, ShardKind } from './shard-messages.js';

/**
 * A link over one connection a shard. It remembers each shard's version, which the next push carries.
 *
 * @param o.timeoutMs how long one exchange with one shard may take
 * @throws what the connection throws, `protocol` for an answer of another length, and {TrainerError} `bad-message` when a shard
 *   answers with something else; once all others are done
 * @example const link = shardLink({ shards: [{ connection, range: { start: 0, end: n } }], timeoutMs: 60_000 })
 */
export function shardLink(o: { shards: readonly ShardPeer[]; timeoutMs: number }): ShardLink {
  const { shards, timeoutMs } = o;
  let versions = shards.map(() => 0);

  /** θ of all shards into one vector. Returns each shard's version. */
  const gather = (kind: number, name: string, vector: Vector): Promise<number[]> =>
    gatherVector(vector, shards, {
      kind,
      timeoutMs,
      onReply: (header, i) => countOf(header, 'version', `${name} from shard ${i}`),
    });

  return {
    async pull(into) {
      versions = await gather(ShardKind.pull, 'pull', into);
    },

    async peek(into) {
      await gather(ShardKind.peek, 'peek', into);
    },

    push(id, message, reply) {
      return scatterVector(message, shards, {
        kind: ShardKind.push,
        header: (i) => ({ id, version: versions[i], pull: reply !== null }),
        receiveInto: reply ?? undefined,
        timeoutMs,
        onReply(header, i) {
          const where = `push to shard ${i}`;
          // Without a reply x still stems from the version of the last one.
          if (reply) versions[i] = countOf(header, 'version', where);
          return countOf(header, 'staleness', where);
        },
      });
    },
  };
}
