/** Shards of a data set, each read while the one before it is worked on. */
import type { Dataset, Samples, SubsetName } from '@weft/hdfs-loader';

/** Which shard. */
export interface ShardRef {
  readonly subset: SubsetName;
  readonly index: number;
}

/**
 * Gives shards one after the other. Two are in memory: the one that was given, which is lent until the next is asked for, and the
 * next, which is being read.
 *
 * @param next the shard to read, or null at the end; asked for one ahead
 * @throws what next() and reading throw
 * @example for await (const { ref, samples } of readAhead(dataset, () => refs.shift() ?? null)) …
 */
export async function* readAhead<T extends ShardRef>(
  dataset: Dataset,
  next: () => T | null | Promise<T | null>,
  o: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<{ ref: T; samples: Samples }, void, void> {
  const memory: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  let turn: 0 | 1 = 0;
  const read = async (): Promise<{ ref: T; samples: Samples } | null> => {
    const ref = await next();
    if (ref === null) return null;
    const subset = dataset.subset(ref.subset);
    const bytes = subset.manifest.shards[ref.index]?.bytes ?? 0;
    if (memory[turn].length < bytes) memory[turn] = new Uint8Array(bytes);
    const into = memory[turn];
    turn = turn === 0 ? 1 : 0;
    return { ref, samples: await subset.readShard(ref.index, into, { signal: o.signal }) };
  };
  let ahead = read();
  for (;;) {
    const current = await ahead;
    if (current === null) return;
    ahead = read();
    // Told when it is waited for; who stops before that does not want to know.
    ahead.catch(() => {});
    yield current;
  }
}
