/** Which shards lie on which host, for fits and for transforming. */
import type { Dataset, HostShares, SubsetName } from '@weft/hdfs-loader';
import { type Host, namesOf, workerHosts } from '../hosts.js';
import { shareOf } from '../locality.js';
import type { ShardRef } from './read-ahead.js';
import type { ShardLocality } from './slices.js';

/** Share of a shard's bytes, 0 to 1, that lie on a host, or on a worker's. */
export interface Nearness {
  readonly ofHost: ShardLocality;
  readonly ofWorker: (worker: number, ref: ShardRef) => number;
}

/**
 * Asks where the shards of a data set lie.
 *
 * @param o.hosts in the order of the workers' ranks
 * @returns null where there is nothing to choose: one host
 * @throws what the storage throws
 */
export async function nearness(
  dataset: Dataset,
  o: { hosts: readonly Host[]; signal: AbortSignal },
): Promise<Nearness | null> {
  const { hosts, signal } = o;
  if (hosts.length < 2) return null;
  const [train, test] = await Promise.all([
    dataset.subset('train').shardLocations({ signal }),
    dataset.subset('test').shardLocations({ signal }),
  ]);
  const lies: Record<SubsetName, readonly HostShares[]> = { train, test };
  const names = new Map(hosts.map((host) => [host, namesOf(host.name)]));
  const share = (host: Host, { subset, index }: ShardRef): number => shareOf(names.get(host)!, lies[subset][index]!);
  const workers = workerHosts(hosts);
  return {
    ofHost: (host, index) => share(host, { subset: 'train', index }),
    ofWorker: (worker, ref) => share(workers[worker]!, ref),
  };
}
