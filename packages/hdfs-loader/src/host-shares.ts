/** Which hosts hold a file. */
import type { BlockLocation } from './storage/storage.js';

/** Share of a file's bytes, above 0 and up to 1, by host name or address, in lower case. */
export type HostShares = ReadonlyMap<string, number>;

/**
 * How much of a file each host holds. A host stands by each of its names: its host name and the address of its data transfer.
 *
 * @param blocks as of `Storage.blocks`
 * @example hostShares(await storage.blocks(path)).get('datanode1') // 0.5
 */
export function hostShares(blocks: readonly BlockLocation[]): HostShares {
  const total = blocks.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Map<string, number>();
  for (const { hosts, names, length } of blocks) {
    // Several DataNodes of one machine may have one address: its bytes are there once.
    const here = new Set([...hosts, ...names.map(addressOf)].map((name) => name.toLowerCase()));
    for (const name of here) bytes.set(name, (bytes.get(name) ?? 0) + length);
  }
  return new Map([...bytes].flatMap(([name, held]) => (held > 0 ? [[name, held / total] as const] : [])));
}

/** `10.0.0.7:9866` → `10.0.0.7`, `[::1]:9866` → `::1` */
function addressOf(name: string): string {
  return name.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
