import { describe, expect, it } from 'vitest';
import { TransportError } from '../src/errors.js';
import { type PendingRequest, RequestTable } from '../src/request-table.js';

function pending(number: number, outcomes: unknown[]): PendingRequest {
  return {
    number,
    operation: `request ${number} (kind 16)`,
    receiveInto: undefined,
    sending: undefined,
    settle: (outcome) => outcomes.push(outcome),
  };
}

describe('RequestTable', () => {
  it('numbers from 1, and finds requests in any order', () => {
    const table = new RequestTable(2, 'p');
    const [a, b] = [pending(table.number(), []), pending(2, [])];
    table.add(a);
    expect(table.number()).toBe(2);
    table.add(b);
    expect(table.take(2)).toBe(b);
    expect(table.take(1)).toBe(a);
    expect(table.take(1)).toBeUndefined();
  });

  it('refuses answers to what was never asked, and more requests than the limit', () => {
    const table = new RequestTable(1, 'p');
    expect(() => table.take(1)).toThrow(expect.objectContaining({ code: 'protocol' }));
    table.add(pending(table.number(), []));
    expect(() => table.number()).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });

  it('fails each request with peer, operation and bytes', () => {
    const table = new RequestTable(5, 'shard 0 at h:1', 'worker 3 on a');
    const outcomes: unknown[] = [];
    for (let i = 0; i < 2; i++) table.add(pending(table.number(), outcomes));
    const prefix = { kind: 1, flags: 0, term: 0, headerBytes: 0, payloadBytes: 100, request: 2 };
    table.failAll(new TransportError('lost', 'gone'), { prefix, receivedBytes: 60 });
    expect(outcomes).toEqual([
      expect.objectContaining({
        code: 'lost',
        peer: 'shard 0 at h:1',
        receivedBytes: 0,
        message: 'request 1 (kind 16): nothing had come from shard 0 at h:1, then: gone (seen by worker 3 on a)',
      }),
      expect.objectContaining({
        self: 'worker 3 on a',
        sequence: 2,
        receivedBytes: 60,
        expectedBytes: 100,
        message: expect.stringMatching(/60 of 100 bytes had come from shard 0 at h:1/),
      }),
    ]);
    expect(table.size).toBe(0);
  });
});
