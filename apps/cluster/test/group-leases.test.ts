import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupLeases, type GroupLeasesOptions } from '../src/group-leases.js';
import { groupsOf } from './groups.js';

const leasesOf = (samples: readonly number[], over: Partial<GroupLeasesOptions> = {}): GroupLeases =>
  new GroupLeases({ groups: groupsOf(samples), workers: 2, locality: () => 0, ordered: false, ...over });

/** Group `i` lies on the host of worker `i % workers`. */
const inTurn =
  (workers: number) =>
  (worker: number, { index }: { index: number }): number =>
    index % workers === worker ? 1 : 0;

interface Taken {
  readonly worker: number;
  readonly start: number;
  readonly end: number;
  readonly at: number;
}

/** Workers that take a lease, are busy for as long as it takes them, and take the next: until nobody gets any. */
function simulate(leases: GroupLeases, o: { secondsPerSample: readonly number[]; count: number }): Taken[] {
  const taken: Taken[] = [];
  const freeAt = o.secondsPerSample.map(() => 0);
  const busy = new Set(freeAt.keys());
  for (const worker of busy) leases.first(worker);
  while (busy.size > 0) {
    const worker = [...busy].reduce((a, b) => (freeAt[b]! < freeAt[a]! ? b : a));
    const positions = leases.lease(worker, o.count);
    if (!positions) {
      busy.delete(worker);
      continue;
    }
    leases.upcoming(worker);
    taken.push({ worker, at: freeAt[worker]!, ...positions });
    freeAt[worker]! += (positions.end - positions.start) * o.secondsPerSample[worker]!;
  }
  return taken;
}

/** Groups that each worker has had to read. */
function groupsRead(taken: readonly Taken[], samples: readonly number[], workers: number): number[][] {
  const groups = groupsOf(samples);
  const read = Array.from({ length: workers }, () => new Set<number>());
  for (const { worker, start } of taken) read[worker]!.add(groups.findIndex((g) => start < g.end));
  return read.map((set) => [...set]);
}

function requireEachOnce(taken: readonly Taken[], total: number): void {
  const sorted = taken.toSorted((a, b) => a.start - b.start);
  let position = 0;
  for (const { start, end } of sorted) {
    expect(start).toBe(position);
    expect(end).toBeGreaterThan(start);
    position = end;
  }
  expect(position).toBe(total);
}

describe('GroupLeases', () => {
  it('keeps a worker in its group, then takes it on to the one that it was told of', () => {
    const leases = leasesOf([4, 4, 4]);
    expect(leases.first(0)).toMatchObject({ index: 0 });
    expect(leases.first(1)).toMatchObject({ index: 1 });
    expect(leases.lease(1, 3)).toEqual({ start: 4, end: 7 });
    expect(leases.upcoming(1)).toMatchObject({ index: 2 });
    expect(leases.lease(0, 3)).toEqual({ start: 0, end: 3 });
    expect(leases.upcoming(0)).toBeNull();
    expect(leases.lease(1, 3)).toEqual({ start: 7, end: 8 });
    expect(leases.lease(0, 3)).toEqual({ start: 3, end: 4 });
    // Group 2 is claimed: worker 0 helps there, half of it is more than a lease of 1.
    expect(leases.lease(0, 1)).toEqual({ start: 8, end: 9 });
    expect(leases.lease(1, 3)).toEqual({ start: 9, end: 12 });
    expect([leases.lease(0, 1), leases.lease(1, 1)]).toEqual([null, null]);
  });

  it('shares one group among all, in order', () => {
    const leases = leasesOf([10], { workers: 3 });
    expect([0, 1, 2].map((worker) => leases.first(worker)?.index)).toEqual([0, 0, 0]);
    expect([0, 2, 1, 0].map((worker) => leases.lease(worker, 3))).toEqual([
      { start: 0, end: 3 },
      { start: 3, end: 6 },
      { start: 6, end: 9 },
      { start: 9, end: 10 },
    ]);
    expect(leases.lease(1, 3)).toBeNull();
  });

  it('spreads workers over groups that are fewer', () => {
    const leases = leasesOf([50, 50], { workers: 4 });
    expect([0, 1, 2, 3].map((worker) => leases.first(worker)?.index)).toEqual([0, 1, 0, 1]);
  });

  it('does not send a worker to read a group for less than a lease', () => {
    const leases = leasesOf([4, 10]);
    leases.first(0);
    leases.first(1);
    leases.lease(1, 5);
    leases.lease(0, 4);
    // 5 are left, 2.5 would be its share.
    expect(leases.lease(0, 4)).toBeNull();
    expect(leases.lease(0, 2)).toEqual({ start: 9, end: 11 });
  });

  it('gives the group that is nearest to a worker, then the one that is far from all others', () => {
    const shares = [
      [1, 0.2, 0, 0],
      [0, 0.9, 0, 0.1],
    ];
    const leases = leasesOf([1, 1, 1, 1], { locality: (worker, { index }) => shares[worker]![index]! });
    expect([leases.first(0)?.index, leases.first(1)?.index]).toEqual([0, 1]);
    leases.lease(0, 1);
    // Both are nowhere near; 3 lies a little on the host of worker 1.
    expect(leases.upcoming(0)?.index).toBe(2);
    leases.lease(1, 1);
    expect(leases.upcoming(1)?.index).toBe(3);
  });

  it('has every worker read what lies on its host, where all are equally fast', () => {
    const samples = new Array<number>(12).fill(40);
    const taken = simulate(leasesOf(samples, { workers: 3, locality: inTurn(3) }), {
      secondsPerSample: [1, 1, 1],
      count: 8,
    });
    requireEachOnce(taken, 480);
    expect(groupsRead(taken, samples, 3)).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7, 10],
      [2, 5, 8, 11],
    ]);
  });

  it('lets a fast worker take more, and no one wait long for a slow one', () => {
    const samples = new Array<number>(8).fill(100);
    const taken = simulate(leasesOf(samples, { locality: inTurn(2) }), { secondsPerSample: [1, 5], count: 10 });
    requireEachOnce(taken, 800);
    const byWorker = [0, 1].map((w) =>
      taken.filter(({ worker }) => worker === w).reduce((n, t) => n + t.end - t.start, 0),
    );
    // 5 : 1 of 800 is 667 : 133; the end of a worker's last lease after the other's is within a lease of the slow one.
    expect(byWorker[0]).toBeGreaterThan(600);
    const ends = [1, 5].map((pace, w) =>
      Math.max(...taken.filter((t) => t.worker === w).map((t) => t.at + (t.end - t.start) * pace)),
    );
    expect(Math.abs(ends[0]! - ends[1]!)).toBeLessThanOrEqual(10 * 5 * 2);
    // The slow one began with its own, which the fast one helped with at the end.
    expect(groupsRead(taken, samples, 2)[1]).toContain(1);
  });

  it('in order: leases positions one after the other, whoever asks, and says what group comes', () => {
    const leases = leasesOf([4, 4], { ordered: true });
    expect([leases.first(0)?.index, leases.first(1)?.index]).toEqual([0, 0]);
    expect(leases.lease(1, 3)).toEqual({ start: 0, end: 3 });
    expect(leases.lease(0, 3)).toEqual({ start: 3, end: 4 });
    expect([leases.upcoming(0)?.index, leases.upcoming(1)?.index]).toEqual([1, 1]);
    expect(leases.lease(0, 3)).toEqual({ start: 4, end: 7 });
    expect(leases.upcoming(0)).toBeNull();
    expect(leases.lease(1, 3)).toEqual({ start: 7, end: 8 });
    expect(leases.lease(1, 3)).toBeNull();
  });

  it('leases every position once, whatever groups, workers, speeds and places', () => {
    const given = fc.record({
      samples: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
      secondsPerSample: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
      count: fc.integer({ min: 1, max: 12 }),
      places: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 72, maxLength: 72 }),
      ordered: fc.boolean(),
    });
    fc.assert(
      fc.property(given, ({ samples, secondsPerSample, count, places, ordered }) => {
        const workers = secondsPerSample.length;
        const locality = (worker: number, { index }: { index: number }) => places[worker * 12 + index]!;
        const taken = simulate(leasesOf(samples, { workers, locality, ordered }), { secondsPerSample, count });
        requireEachOnce(
          taken,
          samples.reduce((sum, n) => sum + n, 0),
        );
        const groups = groupsOf(samples);
        for (const { start, end } of taken) {
          expect(end - start).toBeLessThanOrEqual(count);
          expect(groups.some((g) => g.start <= start && end <= g.end)).toBe(true);
        }
        if (ordered) expect(taken).toEqual(taken.toSorted((a, b) => a.start - b.start));
        // Only who helps at the end reads what another has read.
        const reads = groupsRead(taken, samples, workers).flat().length;
        if (!ordered) expect(reads).toBeLessThanOrEqual(samples.length + workers * workers);
      }),
    );
  });

  it('knows which positions are leased', () => {
    const leases = leasesOf([4, 4]);
    leases.lease(0, 4);
    leases.lease(1, 2);
    expect(leases.covers({ start: 0, end: 6 })).toBe(true);
    expect(leases.covers({ start: 3, end: 3 })).toBe(true);
    for (const [start, end] of [
      [0, 7],
      [6, 7],
      [-1, 2],
      [3, 2],
      [Number.NaN, 1],
      [7, 9],
      [8, 9],
    ] as const) {
      expect(leases.covers({ start, end })).toBe(false);
    }
  });
});
