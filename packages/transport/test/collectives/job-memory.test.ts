import { expect, it } from 'vitest';
import { JobMemory } from '../../src/collectives/job-memory.js';

const job = (vector: Float32Array, o: { wire?: 'float32' | 'int8'; op?: 'sum' | 'max'; factor?: number } = {}) =>
  new JobMemory({
    program: { sends: [], receives: [] },
    vector,
    wire: 'float32',
    op: 'sum',
    factor: 1,
    head: new Uint8Array(0),
    timeoutMs: 1,
    ...o,
  });
const receive = { peer: 0, start: 0, end: 2, after: -1, action: 'reduce', plain: false, last: true } as const;
const bytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

it('sends float32 as a view of the vector', () => {
  const vector = new Float32Array(8);
  const view = job(vector).outgoing({ peer: 0, start: 2, end: 5, after: -1, encoding: 'encode' });
  expect([view.buffer === vector.buffer, view.byteOffset, view.length]).toEqual([true, 8, 12]);
});

it('receives a copy straight into the vector, and a reduction beside it', () => {
  const vector = new Float32Array(8);
  expect(job(vector).incoming({ ...receive, action: 'copy' }).buffer === vector.buffer).toBe(true);
  expect(job(vector).incoming(receive).buffer === vector.buffer).toBe(false);
});

it('reduces, and multiplies what is complete', () => {
  const vector = Float32Array.of(1, 2);
  job(vector, { factor: 0.5 }).apply(receive, bytes(3, 4));
  expect([...vector]).toEqual([2, 3]);
  job(vector, { op: 'max' }).apply(receive, bytes(1, 9));
  expect([...vector]).toEqual([2, 9]);
});

it('takes a maximum whose operands may change places: NaN where either is, +0 above −0', () => {
  for (const [a, b] of [
    [0, -0],
    [-0, 0],
    [Number.NaN, 1],
    [1, Number.NaN],
  ] as const) {
    const vector = Float32Array.of(a, 0);
    job(vector, { op: 'max' }).apply(receive, bytes(b, 0));
    expect(vector[0]).toBe(Number.isNaN(a + b) ? Number.NaN : 0);
  }
});

it('keeps what others will read, and forwards bytes as they came', () => {
  const vector = Float32Array.of(1, 0.3, 0.2);
  const memory = job(vector, { wire: 'int8' });
  const kept = memory.outgoing({ peer: 0, start: 0, end: 3, after: -1, encoding: 'keep' });
  expect(vector[0]).toBe(1);
  expect(vector[1]).not.toBe(Math.fround(0.3));
  expect(memory.outgoing({ peer: 0, start: 0, end: 3, after: -1, encoding: 'forward' })).toEqual(kept);
});
