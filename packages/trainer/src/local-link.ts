/** A worker's way to parameter shards of its own process: simulations, tests and small runs need no sockets. */
import type { ShardRange } from '@weft/transport';
import type { ParameterShard } from './parameter-shard.js';
import type { ShardLink } from './shard-link.js';

/** A shard and the range of θ that it holds. */
export interface LocalShard {
  readonly shard: ParameterShard;
  readonly range: ShardRange;
}

/**
 * A link to shards in this process. It remembers each shard's version, which the next push carries.
 *
 * @param o.worker the number that it pulls as
 * @example const link = localLink({ worker: 0, shards: [{ shard, range: { start: 0, end: n } }] })
 */
export function localLink(o: { worker: number; shards: readonly LocalShard[] }): ShardLink {
  const { worker, shards } = o;
  const versions = shards.map(() => 0);

  return {
    async pull(into) {
      shards.forEach(({ shard, range }, i) => {
        const { version, reply } = shard.pull(worker);
        into.set(reply, range.start);
        versions[i] = version;
      });
    },

    async peek(into) {
      for (const { shard, range } of shards) into.set(shard.peek().center, range.start);
    },

    async push(id, message, reply) {
      return shards.map(({ shard, range }, i) => {
        const part = message.subarray(range.start, range.end);
        const result = shard.push({ id, version: versions[i]!, pull: reply !== null, message: part });
        if (reply) {
          reply.set(result.reply, range.start);
          versions[i] = result.version;
        }
        return result.staleness;
      });
    },
  };
}
