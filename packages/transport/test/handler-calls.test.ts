import { describe, expect, it } from 'vitest';
import { TransportError } from '../src/errors.js';
import { type HandlerCall, HandlerCalls } from '../src/handler-calls.js';
import { gate } from './pair.js';

const gone = new TransportError('lost', 'gone');

/** Calls whose expiries are collected. */
function calls(timeoutMs: number, n = 1) {
  const expired: { call: HandlerCall; error: TransportError }[] = [];
  const all = gate();
  const open = new HandlerCalls({
    timeoutMs,
    self: 'shard 0 on a',
    onExpire: (call, error) => {
      expired.push({ call, error });
      if (expired.length === n) all.open();
    },
  });
  return { open, expired, all: all.promise };
}

describe('HandlerCalls', () => {
  it('bounds each call, and tells its handler so', async () => {
    const { open, expired, all } = calls(5, 2);
    const first = open.begin(17, 7);
    const { signal } = first;
    const second = open.begin(18, 0);
    await all;
    expect(expired.map(({ call }) => call)).toEqual([first, second]);
    expect(signal.reason).toBe(expired[0]!.error);
    expect(expired.map(({ error }) => error)).toMatchObject([
      {
        code: 'timeout',
        self: 'shard 0 on a',
        message: 'handler of request 7 (kind 17): no end within 5 ms (seen by shard 0 on a)',
      },
      { message: 'handler of notification (kind 18): no end within 5 ms (seen by shard 0 on a)' },
    ]);
    expect([first.aborted, second.signal.aborted]).toEqual([true, true]);
  });

  it('gives one that begins later its whole time', async () => {
    const { open, expired, all } = calls(20, 2);
    open.begin(16, 1);
    const beganMs = performance.now();
    while (performance.now() < beganMs + 5);
    const later = open.begin(16, 2);
    await all;
    expect(expired[1]!.call).toBe(later);
    expect(performance.now() - later.beganMs).toBeGreaterThanOrEqual(20);
  });

  it('says nothing of what has settled', async () => {
    const { open, expired, all } = calls(5);
    open.settled(open.begin(16, 1));
    const stuck = open.begin(16, 2);
    await all;
    expect(expired.map(({ call }) => call)).toEqual([stuck]);
  });

  it('tells all once why nobody needs their answers, whenever they ask', () => {
    const { open, expired } = calls(2 ** 31 - 1);
    const [asked, later] = [open.begin(16, 1), open.begin(16, 2)];
    const { signal } = asked;
    open.abortAll(gone);
    open.abortAll(new TransportError('closed', 'later'));
    expect([signal.reason, later.signal.reason, later.aborted]).toEqual([gone, gone, true]);
    expect(expired).toEqual([]);
  });
});
