import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { deadline } from '../src/deadline.js';
import type { TransportError } from '../src/errors.js';

describe('deadline', () => {
  it('expires with the operation in the message', async () => {
    const error = await new Promise<TransportError>((onExpire) => {
      deadline({ timeoutMs: 1, operation: 'connect to a', onExpire });
    });
    expect(error).toMatchObject({ code: 'timeout', message: 'connect to a: no end within 1 ms', retryable: true });
  });

  it('says who waits for whom, and how far it had come by then', async () => {
    let receivedBytes = 0;
    const expired = new Promise<TransportError>((onExpire) => {
      deadline({
        timeoutMs: 1,
        operation: 'all-reduce #12 step 3 of 6',
        self: 'worker 3 on a',
        peer: 'worker 2 at b:1',
        sequence: 12,
        progress: () => ({ receivedBytes, expectedBytes: 4000 }),
        onExpire,
      });
    });
    receivedBytes = 1500;
    expect(await expired).toMatchObject({
      message:
        'all-reduce #12 step 3 of 6: 1,500 of 4,000 bytes had come from worker 2 at b:1 within 1 ms (seen by worker 3 on a)',
      self: 'worker 3 on a',
      peer: 'worker 2 at b:1',
      sequence: 12,
      receivedBytes: 1500,
      expectedBytes: 4000,
    });
  });

  it('ends with the signal, and keeps its reason', () => {
    const controller = new AbortController();
    const errors: TransportError[] = [];
    deadline({ timeoutMs: 1e6, signal: controller.signal, operation: 'x', onExpire: (error) => errors.push(error) });
    controller.abort('enough');
    expect(errors).toEqual([expect.objectContaining({ code: 'aborted', cause: 'enough' })]);
  });

  it('shares one listener of a signal among all that wait, and leaves none behind', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const expired: number[] = [];
    const dones = Array.from({ length: 50 }, (_, i) =>
      deadline({ timeoutMs: 1e6, signal, operation: `${i}`, onExpire: () => expired.push(i) }),
    );
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const done of dones.splice(3)) done();
    for (const done of dones.splice(2)) {
      done();
      done();
    }
    controller.abort();
    expect(expired).toEqual([0, 1]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const other = new AbortController().signal;
    deadline({ timeoutMs: 1e6, signal: other, operation: 'x', onExpire: () => {} })();
    expect(getEventListeners(other, 'abort')).toHaveLength(0);
    const again = deadline({ timeoutMs: 1e6, signal: other, operation: 'x', onExpire: () => {} });
    expect(getEventListeners(other, 'abort')).toHaveLength(1);
    again();
  });

  it('says nothing of a wait that the end of another one ended', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const expired: string[] = [];
    let second: () => void = () => {};
    deadline({
      timeoutMs: 1e6,
      signal,
      operation: 'first',
      onExpire: () => {
        expired.push('first');
        second();
      },
    });
    second = deadline({ timeoutMs: 1e6, signal, operation: 'second', onExpire: () => expired.push('second') });
    controller.abort();
    expect(expired).toEqual(['first']);
  });

  it('says nothing once it was ended', () => {
    const controller = new AbortController();
    const errors: TransportError[] = [];
    const done = deadline({
      timeoutMs: 1e6,
      signal: controller.signal,
      operation: 'x',
      onExpire: (error) => errors.push(error),
    });
    done();
    controller.abort();
    expect(errors).toEqual([]);
  });

  it('refuses no time, too long a time, and a signal that is already aborted', () => {
    const o = { operation: 'x', onExpire: () => {} };
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => deadline({ ...o, timeoutMs })).toThrow(/timeoutMs: 1 to 2147483647 ms expected/);
    }
    expect(() => deadline({ ...o, timeoutMs: 1, signal: AbortSignal.abort() })).toThrow('x: aborted');
  });
});
