import type { Evaluation, Task } from '@weft/trainer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../src/ledger.js';
import { leaseSamples, mergeScores, Schedule, type ScheduleOptions } from '../src/schedule.js';
import { groupsOf } from './groups.js';

type Event =
  | { worker: number; task: Task }
  | { epoch: number; what: 'start' | 'trained' | 'scored'; scores?: Evaluation };

interface Rig {
  schedule: Schedule;
  ledger: Ledger;
  events: Event[];
}

function rig(
  o: Pick<ScheduleOptions, 'workers' | 'epochs' | 'leaseSamples' | 'testSamples'> & {
    samples: number;
    groups?: readonly number[];
    ordered?: boolean;
  },
): Rig {
  const events: Event[] = [];
  const { samples, epochs, workers, ordered = false } = o;
  const groups = groupsOf(o.groups ?? [samples]);
  const locality = (worker: number, { index }: { index: number }): number => (index % workers === worker ? 1 : 0);
  const ledger = new Ledger({ samples, epochs, workers, ordered, locality, groups: () => groups });
  const schedule = new Schedule({
    ...o,
    classes: 3,
    ledger,
    onEpochStart: (epoch) => events.push({ epoch, what: 'start' }),
    onEpochTrained: (epoch) => events.push({ epoch, what: 'trained' }),
    onEpochScored: (epoch, scores) => events.push({ epoch, what: 'scored', scores }),
  });
  return { schedule, ledger, events };
}

const scoresOf = (size: number, classes?: number): Evaluation => ({
  loss: 1,
  correct: size,
  size,
  // All of them are of class 1.
  ...(classes && { correctByClass: Uint32Array.from({ length: classes }, (_, label) => (label === 1 ? size : 0)) }),
});

/** A worker that asks for the next range before it trains this one, as the worker loop does. Each pause is one turn of others. */
async function work({ schedule, ledger, events }: Rig, worker: number, pause: () => Promise<void>): Promise<void> {
  let next = schedule.next(worker, null);
  for (;;) {
    const task = await next;
    events.push({ worker, task });
    await pause();
    if (task.kind === 'stop') return;
    if (task.kind === 'train') {
      next = schedule.next(worker, null);
      await pause();
      ledger.trained([task.range]);
    } else {
      await pause();
      next = schedule.next(worker, task.kind === 'evaluate' ? scoresOf(task.end - task.start, task.classes) : null);
    }
  }
}

describe('Schedule', () => {
  it('leads workers that ask in any order through every epoch', async () => {
    const setup = fc
      .record({
        workers: fc.integer({ min: 1, max: 4 }),
        epochs: fc.integer({ min: 1, max: 3 }),
        groups: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
        leaseSamples: fc.integer({ min: 1, max: 20 }),
        testSamples: fc.integer({ min: 0, max: 9 }),
        ordered: fc.boolean(),
      })
      .map((o) => ({ ...o, samples: o.groups.reduce((sum, n) => sum + n, 0) }));
    await fc.assert(
      fc.asyncProperty(setup, fc.scheduler(), async (o, scheduler) => {
        const r = rig(o);
        const pause = () => scheduler.schedule(Promise.resolve());
        const workers = Array.from({ length: o.workers }, (_, w) => work(r, w, pause));
        await scheduler.waitFor(Promise.all(workers));
        check(r, o);
      }),
      { numRuns: 200 },
    );
  });

  /** Events in their order: start, leases and one flush a worker, trained, one evaluation a worker, scored; stop to all. */
  function check({ events, ledger }: Rig, o: Parameters<typeof rig>[0]): void {
    const total = o.samples * o.epochs;
    expect(ledger.audit()).toEqual({ expected: total, trained: total, twice: 0, never: 0 });
    const everyone = Array.from({ length: o.workers }, (_, w) => w);
    for (let epoch = 0; epoch < o.epochs; epoch++) {
      const at = (what: string) => events.findIndex((e) => 'what' in e && e.epoch === epoch && e.what === what);
      const [start, trained, scored] = [at('start'), at('trained'), at('scored')];
      expect(start).toBeGreaterThanOrEqual(0);
      expect(trained).toBeGreaterThan(start);
      expect(scored).toBeGreaterThan(trained);
      const given = events.slice(start, trained).flatMap((e) => ('task' in e ? [e] : []));
      const leased = given.flatMap(({ task }) => (task.kind === 'train' ? [task.range] : []));
      expect(leased.every((range) => range.epoch === epoch)).toBe(true);
      const covered = leased.map(({ start, end }) => [start, end]).sort(([a = 0], [b = 0]) => a - b);
      expect(covered[0]?.[0]).toBe(0);
      expect(covered.at(-1)?.[1]).toBe(o.samples);
      for (const [i, [from]] of covered.entries()) expect(from).toBe(i === 0 ? 0 : covered[i - 1]?.[1]);
      const flushed = given.filter(({ task }) => task.kind === 'flush').map(({ worker }) => worker);
      expect(flushed.sort()).toEqual(everyone);
      // No worker trains after its flush.
      for (const worker of everyone) expect(given.findLast((e) => e.worker === worker)?.task.kind).toBe('flush');
      const scoring = events.slice(trained, scored).flatMap((e) => ('task' in e ? [e] : []));
      expect(scoring.map(({ worker }) => worker).sort()).toEqual(everyone);
      const test = scoring.reduce((sum, { task }) => sum + (task.kind === 'evaluate' ? task.end - task.start : -99), 0);
      expect(test).toBe(o.testSamples);
      expect(events[scored]).toMatchObject({ scores: { correct: o.testSamples, size: o.testSamples } });
      // By class after the last epoch alone.
      const isLast = epoch === o.epochs - 1;
      for (const { task } of scoring) expect('classes' in task && task.classes).toBe(isLast && 3);
      const byClass = isLast ? Uint32Array.of(0, o.testSamples, 0) : undefined;
      expect((events[scored] as { scores: Evaluation }).scores.correctByClass).toEqual(byClass);
    }
    const stops = events.flatMap((e) => ('task' in e && e.task.kind === 'stop' ? [e.worker] : []));
    expect(stops.sort()).toEqual(everyone);
    expect(events.filter((e) => 'what' in e).length).toBe(3 * o.epochs);
  }

  it('gives nothing before every worker has asked', async () => {
    const { schedule, events } = rig({ workers: 2, epochs: 1, samples: 8, leaseSamples: 4, testSamples: 2 });
    const first = schedule.next(0, null);
    expect(events).toEqual([]);
    const second = schedule.next(1, null);
    expect(events).toEqual([{ epoch: 0, what: 'start' }]);
    expect(await Promise.all([first, second])).toEqual([
      { kind: 'train', range: { epoch: 0, start: 0, end: 4 }, upcoming: null },
      { kind: 'train', range: { epoch: 0, start: 4, end: 8 }, upcoming: null },
    ]);
  });

  it('refuses strangers, impatience, and scores of other samples', async () => {
    const { schedule } = rig({ workers: 1, epochs: 1, samples: 4, leaseSamples: 4, testSamples: 2 });
    expect(() => schedule.next(1, null)).toThrow('schedule: worker 0 to 0 expected, got 1');
    await schedule.next(0, null);
    await schedule.next(0, null);
    expect(await schedule.next(0, null)).toEqual({ kind: 'evaluate', start: 0, end: 2, classes: 3 });
    expect(() => schedule.next(0, null)).toThrow('scores of 2 samples of worker 0 expected, got none');
    expect(() => schedule.next(0, scoresOf(1))).toThrow('scores of 2 samples of worker 0 expected, got 1');
    const expected = 'schedule: 2 correct predictions of 3 classes expected of worker 0, got ';
    expect(() => schedule.next(0, scoresOf(2))).toThrow(`${expected}none`);
    expect(() => schedule.next(0, scoresOf(2, 4))).toThrow(`${expected}2 of 4 classes`);
    expect(() => schedule.next(0, { ...scoresOf(2, 3), correctByClass: Uint32Array.of(1, 0, 0) })).toThrow(
      `${expected}1 of 3 classes`,
    );
    expect(await schedule.next(0, scoresOf(2, 3))).toEqual({ kind: 'stop' });
    const waiting = rig({ workers: 2, epochs: 1, samples: 4, leaseSamples: 4, testSamples: 2 }).schedule;
    void waiting.next(0, null);
    expect(() => waiting.next(0, null)).toThrow('schedule: worker 0 asked twice');
  });
});

describe('leaseSamples', () => {
  it('leases whole windows, but no more than a worker’s equal share', () => {
    const o = { batchSize: 128, workers: 2, samples: 60_000 };
    expect(leaseSamples({ ...o, window: 1 })).toBe(8 * 128);
    expect(leaseSamples({ ...o, window: 3 })).toBe(9 * 128);
    expect(leaseSamples({ ...o, window: 4 })).toBe(8 * 128);
    expect(leaseSamples({ ...o, window: 32 })).toBe(32 * 128);
    expect(leaseSamples({ ...o, window: 1000 })).toBe(234 * 128);
    expect(leaseSamples({ ...o, window: 1, batchSize: 30_000 })).toBe(30_000);
    expect(leaseSamples({ ...o, window: 1, batchSize: 50_000 })).toBe(50_000);
  });
});

describe('mergeScores', () => {
  it('weighs losses by samples', () => {
    const parts = [
      { loss: 1, correct: 2, size: 3 },
      { loss: 5, correct: 1, size: 1 },
      { loss: 0, correct: 0, size: 0 },
    ];
    expect(mergeScores(parts)).toEqual({ loss: 2, correct: 3, size: 4 });
    expect(mergeScores([])).toEqual({ loss: 0, correct: 0, size: 0 });
    const counted = [Uint32Array.of(2, 0), Uint32Array.of(0, 1)].map((correctByClass, i) => ({
      ...parts[i]!,
      correctByClass,
    }));
    expect(mergeScores(counted)).toEqual({ loss: 2, correct: 3, size: 4, correctByClass: Uint32Array.of(2, 1) });
    expect(mergeScores([...counted, parts[2]!])).not.toHaveProperty('correctByClass');
  });
});
