import { describe, expect, it } from 'vitest';
import type { Answer } from '../src/connection.js';
import { TransportError } from '../src/errors.js';
import { HandlerCall } from '../src/handler-call.js';
import { gate } from './pair.js';

const options = { timeoutMs: 60_000, operation: 'handler of request 7 (kind 17)', self: 'shard 0 on a' };
const gone = new TransportError('lost', 'gone');

describe('HandlerCall', () => {
  it('passes on what the handler returns or throws', async () => {
    const answer = { header: { a: 1 } };
    expect(await new HandlerCall(options).answer(answer)).toBe(answer);
    expect(await new HandlerCall(options).answer(undefined)).toBeUndefined();
    expect(await new HandlerCall(options).answer(Promise.resolve(answer))).toBe(answer);
    await expect(new HandlerCall(options).answer(Promise.reject(gone))).rejects.toBe(gone);
  });

  it('is bounded, tells the handler so, and keeps what comes late', async () => {
    const late = gate<Answer>();
    const call = new HandlerCall({ ...options, timeoutMs: 5 });
    const { signal } = call;
    await expect(call.answer(late.promise)).rejects.toMatchObject({
      code: 'timeout',
      self: 'shard 0 on a',
      message: 'handler of request 7 (kind 17): no end within 5 ms (seen by shard 0 on a)',
    });
    expect(signal.reason).toMatchObject({ code: 'timeout' });
    late.open({ header: { late: true } });
    expect(await call.settled()).toEqual({ header: { late: true } });
  });

  it('tells the handler once why nobody needs its answer, whenever it asks', async () => {
    const returned = gate<undefined>();
    const call = new HandlerCall({ ...options, timeoutMs: 2 ** 31 - 1 });
    const answered = call.answer(returned.promise);
    call.abort(gone);
    call.abort(new TransportError('closed', 'later'));
    expect([call.signal.aborted, call.signal.reason]).toEqual([true, gone]);
    returned.open(undefined);
    expect(await answered).toBeUndefined();
  });

  it('says nothing of a late failure twice', async () => {
    const call = new HandlerCall({ ...options, timeoutMs: 5 });
    const failing = new Promise<never>((_, reject) => call.signal.addEventListener('abort', () => reject(gone)));
    await expect(call.answer(failing)).rejects.toMatchObject({ code: 'timeout' });
    expect(await call.settled()).toBeUndefined();
  });
});
