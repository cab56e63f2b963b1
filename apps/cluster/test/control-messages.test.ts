import { describe, expect, it } from 'vitest';
import { ControlKind, readHeader, SCHEMAS, toHeader } from '../src/control-messages.js';

const nodeStart = {
  role: 'worker',
  rank: 1,
  run: 'r',
  token: 'ab'.repeat(32),
  insecure: false,
  host: '127.0.0.1',
  port: 5000,
  listen: { host: '127.0.0.1', port: 0 },
};
const progress = {
  trained: [{ epoch: 0, start: 0, end: 4 }],
  steps: 1,
  samples: 4,
  loss: 0.5,
  correct: 2,
  dataWaitMs: 0.1,
  gradientMs: 1.5,
  stepMs: 0,
  exchangeMs: 0,
  staleness: null,
};

describe('readHeader', () => {
  it('gives back what fits', () => {
    expect(readHeader(SCHEMAS.progress, toHeader(progress), 'worker 0')).toEqual(progress);
    expect(readHeader(SCHEMAS.nodeStart, toHeader(nodeStart), 'start')).toEqual(nodeStart);
    for (const task of [
      { kind: 'flush' },
      { kind: 'stop' },
      { kind: 'evaluate', start: 0, end: 0 },
      { kind: 'evaluate', start: 0, end: 9, classes: 3 },
    ]) {
      expect(readHeader(SCHEMAS.task, toHeader(task), 'task')).toEqual(task);
    }
  });

  it.each([
    ['progress', { ...progress, samples: -1 }, 'samples'],
    ['progress', { ...progress, loss: Number.NaN }, 'loss'],
    ['progress', { ...progress, trained: [{ epoch: 0, start: 0.5, end: 1 }] }, 'trained.0.start'],
    ['progress', {}, 'trained'],
    ['next', { finished: { loss: 0, correct: 0 } }, 'finished.size'],
    ['next', {}, 'finished'],
    ['serving', { host: '127.0.0.1', port: '80' }, 'port'],
    ['task', { kind: 'rest' }, 'kind'],
    ['failed', { message: 5 }, 'message'],
    ['nodeStart', { ...nodeStart, token: 'ab' }, 'token'],
    ['nodeStart', { ...nodeStart, role: 'coordinator' }, 'role'],
    ['ready', { engine: 'tfjs' }, 'reason'],
  ] as const)('names message and field of a bad %s', (name, header, field) => {
    const read = () => readHeader<unknown>(SCHEMAS[name], toHeader(header), 'worker 3');
    expect(read).toThrow(TypeError);
    expect(read).toThrow(`worker 3: ${field}: `);
  });

  it('says header where no field is to blame', () => {
    expect(() => readHeader(SCHEMAS.failed, null as never, 'worker 3')).toThrow('worker 3: header: ');
  });
});

describe('ControlKind', () => {
  it('has one number a message, all open to applications', () => {
    const kinds = Object.values(ControlKind);
    expect(new Set(kinds).size).toBe(kinds.length);
    for (const kind of kinds) expect(kind).toBeGreaterThanOrEqual(16);
  });
});
