import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockId } from '../../src/storage/data-transfer.js';
import { type LocatedBlock, planRanges } from '../../src/storage/range-plan.js';

const nowhere = (): boolean => false;
const id: BlockId = { poolId: 'BP', id: 1, generationStamp: 1, bytes: 1, token: '' };

const block = (offset: number, length: number, nodes: number[], direct = false): LocatedBlock => ({
  offset,
  length,
  hosts: nodes.map((n) => `host${n}`),
  names: nodes.map((n) => `10.0.0.${n}:9866`),
  ...(direct ? { block: { ...id, bytes: length } } : {}),
});

/** Files of blocks of one size, each held by some of five DataNodes; some of them not told of at all. */
const someFile = fc
  .record({
    blockSize: fc.integer({ min: 1, max: 200_000 }),
    holders: fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), { maxLength: 12 }),
    told: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    direct: fc.boolean(),
    last: fc.double({ min: 0.01, max: 1, noNaN: true }),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    to: fc.double({ min: 0, max: 1, noNaN: true }),
    rangeBytes: fc.integer({ min: 20_000, max: 500_000 }),
    local: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ blockSize, holders, told, direct, last, from, to, rangeBytes, local }) => {
    const all = holders.map((nodes, i) => {
      const length = i === holders.length - 1 ? Math.max(1, Math.floor(blockSize * last)) : blockSize;
      return block(i * blockSize, length, nodes, direct);
    });
    const size = all.reduce((sum, { length }) => sum + length, 0);
    const offset = Math.floor(size * Math.min(from, to));
    const length = Math.floor(size * Math.max(from, to)) - offset;
    return { blocks: all.filter((_, i) => told[i]), offset, length, rangeBytes, local: `host${local}` };
  });

describe('planRanges', () => {
  it('asks for every byte once, in order, and for no more than that', () => {
    fc.assert(
      fc.property(someFile, ({ blocks, offset, length, rangeBytes, local }) => {
        const ranges = planRanges(blocks, { offset, length, rangeBytes, isLocal: (host) => host === local });
        let at = offset;
        for (const range of ranges) {
          expect(range.offset).toBe(at);
          expect(range.length).toBeGreaterThan(0);
          at += range.length;
        }
        expect(at).toBe(offset + length);
      }),
    );
  });

  it('keeps to the size of a request: its memory is no larger', () => {
    fc.assert(
      fc.property(someFile, ({ blocks, offset, length, rangeBytes }) => {
        const ranges = planRanges(blocks, { offset, length, rangeBytes, isLocal: nowhere });
        for (const range of ranges) expect(range.length).toBeLessThanOrEqual(rangeBytes);
      }),
    );
  });

  it('names a replica that holds the first byte, a local one first', () => {
    fc.assert(
      fc.property(someFile, ({ blocks, offset, length, rangeBytes, local }) => {
        const ranges = planRanges(blocks, { offset, length, rangeBytes, isLocal: (host) => host === local });
        for (const range of ranges) {
          const holder = blocks.find((b) => b.offset <= range.offset && range.offset < b.offset + b.length);
          if (!holder || range.replicas.length === 0) continue;
          expect(new Set(range.replicas.map(({ name }) => name))).toEqual(new Set(holder.names));
          expect(range.replicas[0]!.local).toBe(holder.hosts.includes(local));
        }
      }),
    );
  });

  it('reads a block directly within that block only', () => {
    fc.assert(
      fc.property(someFile, ({ blocks, offset, length, rangeBytes }) => {
        for (const range of planRanges(blocks, { offset, length, rangeBytes, isLocal: nowhere })) {
          if (!range.block) continue;
          const holder = blocks.find((b) => b.offset === range.block!.offset)!;
          expect(range.offset).toBeGreaterThanOrEqual(holder.offset);
          expect(range.offset + range.length).toBeLessThanOrEqual(holder.offset + holder.length);
        }
      }),
    );
  });

  it('lets replicas take turns', () => {
    const blocks = Array.from({ length: 6 }, (_, i) => block(i * 10, 10, [1, 2, 3]));
    const ranges = planRanges(blocks, { offset: 0, length: 60, rangeBytes: 10, isLocal: nowhere });
    const first = ranges.map(({ replicas }) => replicas[0]!.host);
    expect([...first].sort((a, b) => (a < b ? -1 : 1))).toEqual(['host1', 'host1', 'host2', 'host2', 'host3', 'host3']);
  });

  it('puts blocks that follow one another at a replica into one request', () => {
    const blocks = [block(0, 10, [1, 2]), block(10, 10, [1, 3]), block(20, 10, [2, 3])];
    const ranges = planRanges(blocks, { offset: 5, length: 25, rangeBytes: 100, isLocal: (host) => host === 'host1' });
    expect(ranges.map(({ offset, length, replicas }) => [offset, length, replicas[0]!.host])).toEqual([
      [5, 15, 'host1'],
      [20, 10, expect.stringMatching(/host[23]/)],
    ]);
  });

  it('reads nothing of nothing', () => {
    expect(planRanges([], { offset: 0, length: 0, rangeBytes: 1, isLocal: nowhere })).toEqual([]);
    expect(planRanges([block(0, 10, [1])], { offset: 10, length: 0, rangeBytes: 1, isLocal: nowhere })).toEqual([]);
  });

  it('knows a local replica by its address too', () => {
    const isLocal = (host: string): boolean => host === '10.0.0.2';
    const [range] = planRanges([block(0, 10, [1, 2])], { offset: 0, length: 10, rangeBytes: 10, isLocal });
    expect(range!.replicas.map(({ host, local }) => [host, local])).toEqual([
      ['host2', true],
      ['host1', false],
    ]);
  });
});
