import { hostname } from 'node:os';
import { epochGroups, openDataset, type Subset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { parseHosts } from '../src/hosts.js';
import { localityOf, NOWHERE } from '../src/locality.js';
import { groupsOf } from './groups.js';
import { tinyDataset } from './tiny-dataset.js';

/** Four shards of 100 bytes, at these hosts. */
function subsetAt(...locations: Record<string, number>[]): Subset {
  const shards = locations.map((_, i) => ({ file: `s${i}`, samples: 10, bytes: 100, sha256: '' }));
  const shardLocations = async () => locations.map((shares) => new Map(Object.entries(shares)));
  return { manifest: { shards }, shardLocations } as unknown as Subset;
}

describe('localityOf', () => {
  it('is the share of a group that lies on the host of a worker', async () => {
    const subset = subsetAt(
      { node1: 1 },
      { 'node2.example.com': 1, '10.0.0.2': 1 },
      { node1: 0.5, '10.0.0.3': 0.5 },
      {},
    );
    const hosts = parseHosts('node1.example.com slots=2\nnode2\n10.0.0.3\nnode3', 'hosts.txt');
    const near = await localityOf(subset, { hosts });
    const [a, b, c, d] = groupsOf([10, 10, 10, 10]);
    const shares = [a!, b!, c!, d!].map((group) => [0, 1, 2, 3, 4].map((worker) => near(worker, group)));
    expect(shares).toEqual([
      [1, 1, 0, 0, 0],
      [0, 0, 1, 0, 0],
      [0.5, 0.5, 0, 0.5, 0],
      [0, 0, 0, 0, 0],
    ]);
    expect(near(0, { ...a!, shards: [0, 1, 2, 3] })).toBe(0.375);
    expect(near(5, a!)).toBe(0);
  });

  it('takes names of one kind for others only where they are one host’s', async () => {
    // Another loopback address is a host by itself; this machine’s name and 127.0.0.1 are one.
    const subset = subsetAt({ '127.0.1.2': 1 }, { [hostname().toLowerCase()]: 1 }, { node: 1 }, { '10.1.1.1': 1 });
    const hosts = parseHosts('127.0.1.2\nlocalhost\nnode.a.com\nnode.b.com\n10', 'hosts.txt');
    const near = await localityOf(subset, { hosts });
    const shares = groupsOf([10, 10, 10, 10]).map((group) => [0, 1, 2, 3, 4].map((worker) => near(worker, group)));
    expect(shares).toEqual([
      [1, 0, 0, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 0, 1, 1, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it('asks nobody where there is one host', async () => {
    const hosts = parseHosts('localhost slots=8', 'hosts.txt');
    const subset = { ...subsetAt({}), shardLocations: () => Promise.reject(new Error('asked')) };
    expect(await localityOf(subset, { hosts })).toBe(NOWHERE);
    const two = parseHosts('localhost\n127.0.1.2', 'hosts.txt');
    await expect(localityOf(subset, { hosts: two })).rejects.toThrow('asked');
  });

  it('knows that files of this machine are on it', async () => {
    const dataset = await openDataset(await tinyDataset());
    const subset = dataset.subset('train');
    const near = await localityOf(subset, { hosts: parseHosts('localhost\n127.0.1.2', 'hosts.txt') });
    const [group] = epochGroups(subset.manifest.shards, { seed: 1, epoch: 0, shuffleBytes: 1 });
    expect([near(0, group!), near(1, group!)]).toEqual([1, 0]);
  });
});
