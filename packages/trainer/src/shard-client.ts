/** The worker's side of the shards: one flat vector, scattered to and gathered from all of them at once. */
import type { Vector } from '@weft/native';
import type { Connection, ShardRange } from '@weft/transport';
import { TrainerError } from './errors.js';
import type { ShardLink } from './shard-link.js';
import { countOf, ShardKind } from './shard-messages.js';

/** A connection to the shard that holds a range. */
export interface ShardPeer {
  readonly connection: Connection;
  readonly range: ShardRange;
}

/** Waits for every shard, also after one has failed: only then does nobody read or write the caller's vectors any more. */
async function all<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}

/** The bytes of a range of a vector, in place. */
function part(v: Vector, { start, end }: ShardRange): Uint8Array {
  const { buffer, byteOffset, byteLength } = v.subarray(start, end);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A shorter answer would leave the rest of the range as it was. Throws `bad-message`. */
function checkLength(payload: Uint8Array, expected: Uint8Array, where: string): void {
  if (payload.byteLength !== expected.byteLength) {
    throw new TrainerError('bad-message', `${where}: ${expected.byteLength} bytes expected, got ${payload.byteLength}`);
  }
}

/**
 * A link over one connection a shard. It remembers each shard's version, which the next push carries.
 *
 * @param o.timeoutMs how long one exchange with one shard may take
 * @throws what the connection throws, and {TrainerError} `bad-message` when a shard answers with something else; once all others are done
 * @example const link = shardLink({ shards: [{ connection, range: { start: 0, end: n } }], timeoutMs: 60_000 })
 */
export function shardLink(o: { shards: readonly ShardPeer[]; timeoutMs: number }): ShardLink {
  const { shards, timeoutMs } = o;
  let versions = shards.map(() => 0);

  /** θ of all shards into one vector. Returns each shard's version. */
  const gather = (kind: number, name: string, vector: Vector): Promise<number[]> =>
    all(
      shards.map(async ({ connection, range }, i) => {
        const where = `${name} from shard ${i}`;
        const into = part(vector, range);
        const { header, payload } = await connection.request(kind, {}, { receiveInto: into, timeoutMs });
        checkLength(payload, into, where);
        return countOf(header, 'version', where);
      }),
    );

  return {
    async pull(into) {
      versions = await gather(ShardKind.pull, 'pull', into);
    },

    async peek(into) {
      await gather(ShardKind.peek, 'peek', into);
    },

    push(id, message, reply) {
      return all(
        shards.map(async ({ connection, range }, i) => {
          const where = `push to shard ${i}`;
          const into = reply ? part(reply, range) : undefined;
          const { header, payload } = await connection.request(
            ShardKind.push,
            { id, version: versions[i], pull: reply !== null },
            { sendView: part(message, range), receiveInto: into, timeoutMs },
          );
          // Without a reply x still stems from the version of the last one.
          if (into) {
            checkLength(payload, into, where);
            versions[i] = countOf(header, 'version', where);
          }
          return countOf(header, 'staleness', where);
        }),
      );
    },
  };
}
