/** How near the shards of a data set are to the workers. */
import { isIP } from 'node:net';
import type { HostShares, ShardGroup, Subset } from '@weft/hdfs-loader';
import { type Host, namesOf, workerHosts } from './hosts.js';

/** Share of a group's bytes, 0 to 1, that lie on a worker's host. */
export type Locality = (worker: number, group: ShardGroup) => number;

/** Where every worker is as near as any other. */
export const NOWHERE: Locality = () => 0;

/** `node1` and `node1.example.com` are one host. */
function isSameHost(a: string, b: string): boolean {
  if (a === b) return true;
  if (isIP(a) !== 0 || isIP(b) !== 0) return false;
  return a.split('.', 1)[0] === b || b.split('.', 1)[0] === a;
}

/** The largest share that any name of a host stands for. */
export function shareOf(names: readonly string[], shares: HostShares): number {
  let most = 0;
  for (const [name, share] of shares) {
    if (share > most && names.some((own) => isSameHost(own, name))) most = share;
  }
  return most;
}

/**
 * Asks where the shards of a subset lie, and matches that with the hosts of the workers.
 *
 * @param hosts of the run, in the order of the workers' ranks
 * @throws what the storage throws
 */
export async function localityOf(
  subset: Subset,
  o: { hosts: readonly Host[]; signal?: AbortSignal },
): Promise<Locality> {
  // With one host there is nothing to choose.
  if (o.hosts.length < 2) return NOWHERE;
  const { shards } = subset.manifest;
  const locations = await subset.shardLocations({ signal: o.signal });
  const bytesOf = new Map<Host, readonly number[]>();
  for (const host of o.hosts) {
    const names = namesOf(host.name);
    const held = shards.map(({ bytes }, i) => bytes * shareOf(names, locations[i]!));
    bytesOf.set(host, held);
  }
  const workers = workerHosts(o.hosts).map((host) => bytesOf.get(host)!);
  return (worker, group) => {
    const held = workers[worker];
    if (!held) return 0;
    let bytes = 0;
    let total = 0;
    for (const shard of group.shards) {
      bytes += held[shard]!;
      total += shards[shard]!.bytes;
    }
    return total > 0 ? bytes / total : 0;
  };
}
