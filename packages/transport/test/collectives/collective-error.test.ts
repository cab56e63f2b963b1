import { expect, it } from 'vitest';
import { collectiveError } from '../../src/collectives/collective-error.js';
import type { JobFailure } from '../../src/collectives/executor.js';
import { collectiveHead } from '../../src/collectives/frame-head.js';
import { ringSchedule } from '../../src/collectives/ring-schedule.js';

const head = collectiveHead({ sequence: 12, term: 0, header: { collective: 'all-reduce' }, crc: false });
const failure: JobFailure = {
  failure: 'timeout',
  receiving: true,
  peer: 2,
  transfer: 2,
  bytes: 1024,
  expectedBytes: 4096,
  reason: undefined,
  came: undefined,
};
const error = (o: Partial<JobFailure>) =>
  collectiveError({
    operation: 'all-reduce #12',
    program: ringSchedule({ rank: 3, size: 4 }, 4000, ['reduce-scatter', 'all-gather']),
    head,
    failure: { ...failure, ...o },
    timeoutMs: 30_000,
    rank: 3,
    size: 4,
    nameOf: (rank) => `worker ${rank} at 10.0.0.3:4000`,
  });

it.each([
  [{}, 'timeout', 'no end within 30000 ms: 1024 of 4096 bytes of piece 3 of 6 had come from worker 2 at 10.0.0.3:4000'],
  [
    { failure: 'lost', receiving: false, reason: 'EPIPE' },
    'lost',
    '1024 of 4096 bytes of piece 3 of 6 had gone to worker 2 at 10.0.0.3:4000, then the connection ended (EPIPE)',
  ],
  [{ failure: 'checksum' }, 'checksum', 'the checksum of piece 3 of 6 from worker 2 at 10.0.0.3:4000 does not match'],
] as const)('says what failed: %j', (o, code, message) => {
  expect(error(o)).toMatchObject({ code, retryable: false, message: `all-reduce #12, rank 3 of 4: ${message}` });
});

it('shows both frames where they differ, as far as they can be read', () => {
  const other = collectiveHead({ sequence: 11, term: 0, header: { collective: 'barrier' }, crc: false });
  expect(error({ failure: 'head', came: other }).message).toContain(
    '#12 of term 0 {"collective":"all-reduce"} expected, got #11 of term 0 {"collective":"barrier"}',
  );
  expect(error({ failure: 'head', came: other.subarray(0, 40) }).message).toContain('got #11 of term 0 …');
  expect(error({ failure: 'head', came: new Uint8Array(40) })).toMatchObject({ code: 'protocol' });
});
