import { describe, expect, it } from 'vitest';
import { Ledger } from '../src/ledger.js';

describe('Ledger', () => {
  it('leases every sample of an epoch once, in order', () => {
    const ledger = new Ledger(10);
    expect([ledger.lease(4), ledger.lease(4), ledger.lease(4), ledger.lease(4)]).toEqual([
      { epoch: 0, start: 0, end: 4 },
      { epoch: 0, start: 4, end: 8 },
      { epoch: 0, start: 8, end: 10 },
      null,
    ]);
    ledger.closeEpoch();
    expect(ledger.epoch).toBe(1);
    expect(ledger.lease(100)).toEqual({ epoch: 1, start: 0, end: 10 });
    expect(new Ledger(0).lease(1)).toBeNull();
  });

  it('counts once, twice and never, over all epochs', () => {
    const ledger = new Ledger(10);
    expect(ledger.audit()).toEqual({ expected: 0, trained: 0, twice: 0, never: 0 });
    ledger.lease(10);
    ledger.trained([{ epoch: 0, start: 0, end: 6 }]);
    ledger.trained([
      { epoch: 0, start: 4, end: 8 },
      { epoch: 0, start: 8, end: 8 },
    ]);
    expect(ledger.acknowledged).toBe(10);
    ledger.closeEpoch();
    expect(ledger.audit()).toEqual({ expected: 10, trained: 8, twice: 2, never: 2 });
    ledger.lease(10);
    ledger.trained([{ epoch: 1, start: 0, end: 10 }]);
    ledger.closeEpoch();
    expect(ledger.audit()).toEqual({ expected: 20, trained: 18, twice: 2, never: 2 });
    expect(ledger.acknowledged).toBe(0);
  });

  it('counts a sample trained 300 times as twice', () => {
    const ledger = new Ledger(1);
    ledger.lease(1);
    for (let i = 0; i < 300; i++) ledger.trained([{ epoch: 0, start: 0, end: 1 }]);
    ledger.closeEpoch();
    expect(ledger.audit()).toEqual({ expected: 1, trained: 1, twice: 1, never: 0 });
  });

  it.each([
    ['of another epoch', { epoch: 1, start: 0, end: 1 }],
    ['not leased yet', { epoch: 0, start: 0, end: 5 }],
    ['that begins below 0', { epoch: 0, start: -1, end: 1 }],
    ['that runs backwards', { epoch: 0, start: 3, end: 2 }],
    ['that is no numbers', { epoch: 0, start: Number.NaN, end: 2 }],
  ])('refuses a range %s', (_, range) => {
    const ledger = new Ledger(10);
    ledger.lease(4);
    expect(() => ledger.trained([range])).toThrow(RangeError);
    expect(() => ledger.trained([range])).toThrow('ledger: a range leased in epoch 0 expected');
  });
});
