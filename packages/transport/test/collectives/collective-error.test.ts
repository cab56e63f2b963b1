import { expect, it } from 'vitest';
import { type CollectiveErrorOptions, collectiveError } from '../../src/collectives/collective-error.js';
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
const error = (o: Partial<JobFailure>, abort?: CollectiveErrorOptions['abort']) =>
  collectiveError({
    name: 'all-reduce',
    sequence: 12,
    program: ringSchedule({ rank: 3, size: 4 }, 4000, ['reduce-scatter', 'all-gather']),
    head,
    failure: { ...failure, ...o },
    timeoutMs: 30_000,
    self: 'worker 3 on a',
    abort,
    nameOf: (rank) => `worker ${rank} at 10.0.0.3:4000`,
  });

const half = '1,024 of 4,096 bytes';
const from = 'had come from worker 2 at 10.0.0.3:4000';

it.each([
  [{}, 'timeout', `: ${half} ${from} within 30000 ms`],
  [{ failure: 'lost' }, 'lost', `: ${half} ${from}, then: the connection ended`],
  [
    { failure: 'lost', receiving: false, reason: 'EPIPE' },
    'lost',
    ` to worker 2 at 10.0.0.3:4000: ${half} had gone, then: the connection ended (EPIPE)`,
  ],
  [{ receiving: false }, 'timeout', ` to worker 2 at 10.0.0.3:4000: ${half} had gone, then: no end within 30000 ms`],
  [
    { failure: 'checksum', bytes: 4096 },
    'checksum',
    `: 4,096 of 4,096 bytes ${from}, then: the checksum does not match`,
  ],
  [{ failure: 'aborted' }, 'aborted', `: ${half} ${from}, then: aborted`],
  [{ bytes: 0, expectedBytes: 0 }, 'timeout', `: nothing ${from} within 30000 ms`],
] as const)('says what failed: %j', (o, code, message) => {
  const failed = error(o);
  expect(failed).toMatchObject({
    code,
    retryable: false,
    operation: 'all-reduce #12 piece 3 of 6',
    sequence: 12,
    self: 'worker 3 on a',
    peer: 'worker 2 at 10.0.0.3:4000',
    message: `all-reduce #12 piece 3 of 6${message} (seen by worker 3 on a)`,
  });
  const receiving = {
    receivedBytes: failure.bytes,
    expectedBytes: 4096,
    ...('bytes' in o && { receivedBytes: o.bytes }),
  };
  if ('expectedBytes' in o) expect(failed).toMatchObject({ receivedBytes: 0, expectedBytes: undefined });
  else if (!('receiving' in o)) expect(failed).toMatchObject(receiving);
});

it('tells an abort as what it was', () => {
  const cause = new Error('enough');
  const closed = error({ failure: 'aborted' }, { code: 'closed', reason: 'this side closed the group', cause });
  expect(closed).toMatchObject({ code: 'closed', cause, message: expect.stringContaining('closed the group') });
});

it('shows both frames where they differ, as far as they can be read', () => {
  const other = collectiveHead({ sequence: 11, term: 0, header: { collective: 'barrier' }, crc: false });
  expect(error({ failure: 'head', came: other }).message).toContain(
    '#12 of term 0 {"collective":"all-reduce"} expected, got #11 of term 0 {"collective":"barrier"}',
  );
  expect(error({ failure: 'head', came: other.subarray(0, 40) }).message).toContain('got #11 of term 0 …');
  expect(error({ failure: 'head', came: new Uint8Array(40) })).toMatchObject({
    code: 'protocol',
    message: expect.stringContaining('expected, got no frame of a collective: '),
  });
  const crc = collectiveHead({ sequence: 12, term: 0, header: { collective: 'all-reduce' }, crc: true });
  expect(error({ failure: 'head', came: crc }).message).toContain('got #12 of term 0 with a checksum {');
});

it('shows little of what another member made up', () => {
  const long = collectiveHead({ sequence: 12, term: 0, header: { collective: 'x\n'.repeat(5000) }, crc: false });
  const { message } = error({ failure: 'head', came: long });
  expect(message.length).toBeLessThan(1000);
  expect(message).not.toContain('\n');
});
