import { describe, expect, it } from 'vitest';
import { hostShares } from '../src/host-shares.js';

describe('hostShares', () => {
  it('adds up the bytes of each host, by its name and by its address', () => {
    const shares = hostShares([
      { offset: 0, length: 300, hosts: ['Node1', 'node2'], names: ['10.0.0.1:9866', '10.0.0.2:9866'] },
      { offset: 300, length: 100, hosts: ['node2'], names: ['10.0.0.2:9866'] },
    ]);
    expect(Object.fromEntries(shares)).toEqual({ node1: 0.75, node2: 1, '10.0.0.1': 0.75, '10.0.0.2': 1 });
  });

  it('counts a block once for an address that several DataNodes have', () => {
    const names = ['127.0.0.1:1', '127.0.0.1:2'];
    expect(hostShares([{ offset: 0, length: 8, hosts: ['a', 'b'], names }]).get('127.0.0.1')).toBe(1);
    expect(hostShares([{ offset: 0, length: 8, hosts: ['a'], names: ['[::1]:9866'] }]).get('::1')).toBe(1);
  });

  it('names nobody for a file without bytes', () => {
    expect(hostShares([]).size).toBe(0);
    expect(hostShares([{ offset: 0, length: 0, hosts: ['a'], names: [] }]).size).toBe(0);
  });
});
