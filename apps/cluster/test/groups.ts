import type { ShardGroup } from '@weft/hdfs-loader';

/** Groups of these many samples, of one shard each. */
export function groupsOf(samples: readonly number[]): ShardGroup[] {
  let end = 0;
  return samples.map((count, index) => {
    end += count;
    return { index, start: end - count, end, shards: [index] };
  });
}
