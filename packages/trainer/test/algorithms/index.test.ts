import { describe, expect, it } from 'vitest';
import { ALGORITHMS, algorithm } from '../../src/algorithms/index.js';
import { uniform } from '../least-squares.js';
import { Rig, type RigOptions } from '../rig.js';

describe('algorithm', () => {
  it('finds each by its own name', () => {
    for (const [name, value] of Object.entries(ALGORITHMS)) {
      expect(algorithm(name)).toBe(value);
      expect(value.name).toBe(name);
      expect(value.summary).not.toBe('');
    }
  });

  it.each(['', 'adagg', 'ADAG', 'constructor', '__proto__', 'toString'])('refuses the name "%s"', (name) => {
    expect(() => algorithm(name)).toThrow(
      expect.objectContaining({
        name: 'TrainerError',
        code: 'unknown-algorithm',
        message: `trainer: one of single, downpour, aeasgd, adag expected, got "${name}"`,
      }),
    );
  });
});

describe('the settings of a rule', () => {
  const refusals: [name: string, settings: RigOptions['settings'], message: string][] = [
    ['single', { beta: 1 }, 'trainer single: no setting "beta"; it has none'],
    ['adag', { push: 2 }, 'trainer adag: no setting "push"; it has none'],
    ['aeasgd', { alpha: 1 }, 'trainer aeasgd: no setting "alpha"; it has beta'],
    ['aeasgd', { beta: 0 }, 'setting beta: a number above 0 expected, got 0'],
    ['downpour', { push: 0 }, 'setting push: a whole number of at least 1 expected, got 0'],
    ['downpour', { fetch: 1.5 }, 'setting fetch: a whole number of at least 1 expected, got 1.5'],
    ['downpour', { server: 'mean' }, 'setting server: one of sum, adagrad expected, got "mean"'],
    ['downpour', { gamma: Number.NaN }, 'setting gamma: a number above 0 expected, got NaN'],
    ['downpour', { epsilon: '1e-7' }, 'setting epsilon: a number above 0 expected, got "1e-7"'],
  ];
  it.each(refusals)('of %s refuse %j', (name, settings, message) => {
    const o = { window: 1, workers: 1, settings: settings ?? {} };
    const refusal = expect.objectContaining({ code: 'bad-setting', message });
    expect(() => algorithm(name).worker(o)).toThrow(refusal);
    expect(() => algorithm(name).shard?.(o) ?? algorithm(name).worker(o)).toThrow(refusal);
  });

  it.each(Object.keys(ALGORITHMS))('of %s refuse a window or a number of workers below 1', (name) => {
    for (const bad of [0, -1, 1.5, Number.NaN]) {
      const got = `a whole number of at least 1 expected, got ${bad}`;
      expect(() => algorithm(name).worker({ window: bad, workers: 1, settings: {} })).toThrow(`setting window: ${got}`);
      expect(() => algorithm(name).worker({ window: 1, workers: bad, settings: {} })).toThrow(
        `setting workers: ${got}`,
      );
    }
  });
});

describe('one shard and three', () => {
  const rules: [label: string, o: Pick<RigOptions, 'name' | 'window' | 'settings'>][] = [
    ['downpour', { name: 'downpour' }],
    ['downpour push 3, fetch 2', { name: 'downpour', settings: { push: 3, fetch: 2 } }],
    ['downpour push 1, fetch 4', { name: 'downpour', settings: { push: 1, fetch: 4 } }],
    ['downpour on an Adagrad server', { name: 'downpour', window: 2, settings: { server: 'adagrad' } }],
    ['aeasgd', { name: 'aeasgd', window: 2 }],
    ['adag', { name: 'adag', window: 3 }],
  ];

  it.each(rules)('give the same bits for the same arrivals: %s', async (_, rule) => {
    const n = 100;
    const workers = 3;
    const run = async (shards: number) => {
      const random = uniform(11);
      const start = Float32Array.from({ length: n }, random);
      const rig = new Rig({ ...rule, start, workers, shards, learningRate: 0.1, optimizer: 'momentum' });
      const pull = Array.from({ length: workers }, () => Float32Array.from({ length: n }, random));
      const crew = pull.map((target, rank) => rig.worker(rank, (x) => x.map((xi, i) => xi - target[i]!)));
      for (let i = 0; i < 60; i++) {
        const worker = crew[Math.floor(((random() + 1) / 2) * workers)]!;
        await worker.steps();
        if (i === 30) await worker.flush();
      }
      for (const worker of crew) await worker.flush();
      return { center: rig.center, x: crew.map((w) => w.x), taus: crew.map((w) => w.progress.map((p) => p.staleness)) };
    };
    const [one, three] = [await run(1), await run(3)];
    expect(three).toEqual(one);
    expect(Buffer.from(three.center.buffer).equals(Buffer.from(one.center.buffer))).toBe(true);
    expect(Math.max(...one.taus.flat().map(Number))).toBeGreaterThan(0);
  });
});
