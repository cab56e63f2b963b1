import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { TransportError } from '../src/errors.js';
import { peerName, seenBy, selfName, waitError } from '../src/wait-error.js';

const wait = {
  operation: 'all-reduce #12 step 3 of 6',
  sequence: 12,
  self: 'worker 3 on node-a',
  peer: 'worker 2 at 10.0.0.3:4000',
};

describe('waitError', () => {
  it('says in one line what was waited for, how much had come, from whom, for how long, and who waited', () => {
    const progress = { receivedBytes: 1_048_576, expectedBytes: 4_194_304 };
    const error = waitError('timeout', { ...wait, ...progress }, { withinMs: 30_000 });
    expect(error.message).toBe(
      'all-reduce #12 step 3 of 6: 1,048,576 of 4,194,304 bytes had come from worker 2 at 10.0.0.3:4000 within 30000 ms (seen by worker 3 on node-a)',
    );
    expect(error).toMatchObject({ ...wait, ...progress, code: 'timeout', retryable: true, request: undefined });
  });

  it.each([
    [{ receivedBytes: 0 }, 'op: nothing had come from far, then: cut (seen by s)'],
    [{ receivedBytes: 0, expectedBytes: 8 }, 'op: 0 of 8 bytes had come from far, then: cut (seen by s)'],
    [{ receivedBytes: 5 }, 'op: 5 bytes had come from far, then: cut (seen by s)'],
    [{ operation: 'op with far', receivedBytes: 0 }, 'op with far: nothing had come, then: cut (seen by s)'],
    [{ operation: 'op with far' }, 'op with far: cut (seen by s)'],
    [{}, 'op to far: cut (seen by s)'],
    [{ peer: undefined, self: undefined }, 'op: cut'],
    [{ peer: undefined, receivedBytes: 1 }, 'op: 1 bytes had come, then: cut (seen by s)'],
  ])('says what it knows: %j', (known, message) => {
    const base = { operation: 'op', self: 's', peer: 'far' };
    expect(waitError('lost', { ...base, ...known }, { reason: 'cut' }).message).toBe(message);
  });

  it('keeps the reason without where, its cause, and whether to try again', () => {
    const cause = new TransportError('handler', 'h');
    const error = waitError('lost', { ...wait, request: 7 }, { reason: 'cut', cause, retryable: false });
    expect(error).toMatchObject({ reason: 'cut', cause, retryable: false, request: 7, sequence: 12 });
    expect(waitError('lost', { operation: 'op', request: 7 }, { reason: 'cut' })).toMatchObject({ sequence: 7 });
  });
});

it('names both ends', () => {
  const identity = { role: 'worker', rank: 3, run: 'r1' };
  expect(selfName(identity)).toBe(`worker 3 on ${hostname()}`);
  expect(peerName(identity, '10.0.0.3:4000')).toBe('worker 3 at 10.0.0.3:4000');
  expect(seenBy('gone', undefined)).toBe('gone');
});
