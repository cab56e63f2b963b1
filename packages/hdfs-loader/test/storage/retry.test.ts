import { describe, expect, it } from 'vitest';
import { LoaderError } from '../../src/errors.js';
import { type Remedy, RemoteFailure } from '../../src/storage/remote-failure.js';
import { type RetryPolicy, retrying, type Try } from '../../src/storage/retry.js';

const QUICK: RetryPolicy = { deadlineMs: 60_000, firstDelayMs: 1, maxDelayMs: 2 };
const failure = (remedy: Remedy, o: { exception?: string; status?: number; ambiguous?: boolean } = {}): RemoteFailure =>
  new RemoteFailure({ status: o.status ?? 403, exception: o.exception ?? '', message: 'no', remedy, ...o });

function attempt(
  outcomes: (RemoteFailure | Error | string)[],
  o: { policy?: RetryPolicy; signal?: AbortSignal; moved?: () => boolean } = {},
): { result: Promise<string>; tries: Try[] } {
  const tries: Try[] = [];
  const { policy = QUICK, signal, moved } = o;
  const result = retrying({ where: 'OP /x', policy, signal, ...(moved ? { moved } : {}) }, (now) => {
    tries.push(now);
    const outcome = outcomes[Math.min(tries.length, outcomes.length) - 1]!;
    return typeof outcome === 'string' ? Promise.resolve(outcome) : Promise.reject(outcome);
  });
  return { result, tries };
}

describe('retrying', () => {
  it('tries until it works', async () => {
    const { result, tries } = attempt([failure('wait'), failure('move'), 'done']);
    expect(await result).toBe('done');
    expect(tries.map((now) => now.attempt)).toEqual([0, 1, 2]);
  });

  it('does not try again what that does not help', async () => {
    const { result, tries } = attempt([failure('none', { exception: 'AccessControlException' })]);
    await expect(result).rejects.toMatchObject({
      code: 'PERMISSION',
      message: 'OP /x: AccessControlException: no',
    });
    expect(tries).toHaveLength(1);
  });

  it('does not take other errors for the network’s', async () => {
    const mine = new Error('mine');
    const { result, tries } = attempt([mine]);
    await expect(result).rejects.toBe(mine);
    expect(tries).toHaveLength(1);
  });

  it('goes on at once where there is another place, and waits where there is none', async () => {
    const asked: number[] = [];
    const policy = { ...QUICK, firstDelayMs: 1_000_000 };
    const moved = (): boolean => asked.push(1) < 3;
    const dead = failure('move', { status: 0 });
    const { result, tries } = attempt([dead, dead, dead, 'never'], { policy, moved });
    // The wait would be longer than what is left: then it gives up at once.
    await expect(result).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(tries).toHaveLength(3);
  });

  it('gives up at the deadline, and says how often it tried', async () => {
    const policy = { deadlineMs: 30, firstDelayMs: 10, maxDelayMs: 10 };
    const { result, tries } = attempt([failure('wait', { exception: 'SafeModeException' })], { policy });
    await expect(result).rejects.toMatchObject({
      code: 'SAFE_MODE',
      message: expect.stringMatching(
        /^OP \/x: SafeModeException: no \(given up after \d+ tries in \d+\.\d s\)$/,
      ) as string,
    });
    expect(tries.length).toBeGreaterThan(1);
    expect(Math.max(...tries.map((now) => now.leftMs))).toBeLessThanOrEqual(30);
  });

  it('tells of the answer before a try that the deadline cut short', async () => {
    const policy = { deadlineMs: 20, firstDelayMs: 1, maxDelayMs: 1 };
    const short = failure('move', { status: 0, exception: 'timeout' });
    const { result } = attempt([failure('wait', { exception: 'SafeModeException' }), short], { policy });
    await expect(result).rejects.toMatchObject({ code: 'SAFE_MODE' });
    await expect(attempt([short], { policy }).result).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('tells once that it waits, and for what', async () => {
    const told: string[] = [];
    const policy = { deadlineMs: 40, firstDelayMs: 1, maxDelayMs: 1, onWait: (line: string) => told.push(line) };
    const { result } = attempt([failure('wait', { exception: 'SafeModeException' })], { policy });
    await expect(result).rejects.toMatchObject({ code: 'SAFE_MODE' });
    expect(told).toEqual([expect.stringMatching(/^OP \/x: SafeModeException: no; trying again for \d+ s$/)]);
  });

  it('remembers that an earlier try may have been carried out', async () => {
    const { result, tries } = attempt([failure('wait'), failure('move', { ambiguous: true }), failure('wait'), 'done']);
    await result;
    expect(tries.map((now) => now.ambiguous)).toEqual([false, false, true, true]);
  });

  it('ends with the signal’s reason: before, during a try, and during a wait', async () => {
    const reason = new LoaderError('IO', 'stopped');
    await expect(attempt(['done'], { signal: AbortSignal.abort(reason) }).result).rejects.toBe(reason);

    const during = new AbortController();
    const policy = { deadlineMs: 1e9, firstDelayMs: 1e8, maxDelayMs: 1e8 };
    const waiting = attempt([failure('wait')], { policy, signal: during.signal });
    await Promise.resolve();
    during.abort(reason);
    await expect(waiting.result).rejects.toBe(reason);
    expect(waiting.tries).toHaveLength(1);
  });
});
