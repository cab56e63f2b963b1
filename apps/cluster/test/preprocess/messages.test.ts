import { describe, expect, it } from 'vitest';
import { ControlKind, readHeader } from '../../src/control-messages.js';
import { PREPROCESS_SCHEMAS, PreprocessKind } from '../../src/preprocess/messages.js';

const job = {
  source: { location: '/data/x', storage: { user: 'alice' } },
  staging: { location: '/data/y', storage: {}, dir: '/data/.y.ingest/data' },
  classes: 3,
  seed: 1,
  workers: 2,
  fits: true,
  pieces: [{ shard: 0, start: 0, end: 9 }],
  cacheBytes: 0,
  device: 'auto',
  threads: 1,
};

describe('the messages of a preprocessing', () => {
  it('have kinds of their own', () => {
    const kinds = [...Object.values(ControlKind), ...Object.values(PreprocessKind)];
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  it('are checked on arrival', () => {
    expect(readHeader(PREPROCESS_SCHEMAS.job, job, 'job')).toEqual(job);
    expect(() => readHeader(PREPROCESS_SCHEMAS.job, { ...job, device: 'tpu' }, 'job')).toThrow('job: device: ');
    expect(() => readHeader(PREPROCESS_SCHEMAS.job, { ...job, pieces: [{ shard: -1 }] }, 'job')).toThrow(
      'job: pieces.0.shard: ',
    );
    expect(() => readHeader(PREPROCESS_SCHEMAS.task, { kind: 'rest' }, 'task')).toThrow('task: kind: ');
    expect(() => readHeader(PREPROCESS_SCHEMAS.progress, { step: 'x', pass: 0, passes: null, rows: 0 }, 'p')).toThrow(
      'p: pass: ',
    );
  });
});
