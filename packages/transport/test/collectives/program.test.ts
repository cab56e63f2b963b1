import { expect, it } from 'vitest';
import { ProgramBuilder, peersOf } from '../../src/collectives/program.js';

it('knows a rank’s peers, and is known by them', () => {
  expect(peersOf({ rank: 0, size: 1 })).toEqual([]);
  expect(peersOf({ rank: 1, size: 2 })).toEqual([0]);
  expect(peersOf({ rank: 0, size: 8 })).toEqual([1, 2, 4, 6, 7]);
  for (let size = 1; size < 40; size++) {
    for (let rank = 0; rank < size; rank++) {
      const peers = peersOf({ rank, size });
      expect(peers.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(size)));
      for (const peer of peers) expect(peersOf({ rank: peer, size })).toContain(rank);
    }
  }
});

it('numbers transfers in order', () => {
  const program = new ProgramBuilder();
  const range = { peer: 1, start: 0, end: 4, after: -1 };
  expect(program.send({ ...range, encoding: 'plain' })).toBe(0);
  expect(program.send({ ...range, encoding: 'plain' })).toBe(1);
  expect(program.receive({ ...range, action: 'copy', plain: true, last: false })).toBe(0);
});
