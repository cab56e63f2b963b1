import { describe, expect, it } from 'vitest';
import { Ledger, type LedgerOptions } from '../src/ledger.js';
import { groupsOf } from './groups.js';

/** One worker, one group, three epochs. */
const ledgerOf = (samples: number, over: Partial<LedgerOptions> = {}): Ledger =>
  new Ledger({
    samples,
    epochs: 3,
    workers: 1,
    groups: () => groupsOf([samples]),
    locality: () => 0,
    ordered: false,
    ...over,
  });

describe('Ledger', () => {
  it('leases every sample of an epoch once, in order', () => {
    const ledger = ledgerOf(10);
    const upcoming = { epoch: 1, start: 0, end: 10 };
    expect(ledger.first(0)).toEqual({ epoch: 0, start: 0, end: 10 });
    expect([ledger.lease(0, 4), ledger.lease(0, 4), ledger.lease(0, 4), ledger.lease(0, 4)]).toEqual([
      { range: { epoch: 0, start: 0, end: 4 }, upcoming },
      { range: { epoch: 0, start: 4, end: 8 }, upcoming },
      { range: { epoch: 0, start: 8, end: 10 }, upcoming },
      null,
    ]);
    ledger.closeEpoch();
    expect(ledger.epoch).toBe(1);
    expect(ledger.lease(0, 100)?.range).toEqual({ epoch: 1, start: 0, end: 10 });
    const empty = ledgerOf(0, { groups: () => [] });
    expect([empty.first(0), empty.lease(0, 1)]).toEqual([null, null]);
  });

  it('says what comes next: in this epoch, in the next one, and nothing after the last', () => {
    const ledger = ledgerOf(10, { epochs: 2, groups: () => groupsOf([6, 4]) });
    expect(ledger.lease(0, 5)?.upcoming).toEqual({ epoch: 0, start: 6, end: 10 });
    expect(ledger.lease(0, 5)).toEqual({
      range: { epoch: 0, start: 5, end: 6 },
      upcoming: { epoch: 0, start: 6, end: 10 },
    });
    expect(ledger.lease(0, 5)?.upcoming).toEqual({ epoch: 1, start: 0, end: 6 });
    ledger.trained([{ epoch: 0, start: 0, end: 10 }]);
    ledger.closeEpoch();
    expect(ledger.lease(0, 6)?.upcoming).toEqual({ epoch: 1, start: 6, end: 10 });
    expect(ledger.lease(0, 6)?.upcoming).toBeNull();
  });

  it('counts once, twice and never, over all epochs', () => {
    const ledger = ledgerOf(10);
    expect(ledger.audit()).toEqual({ expected: 0, trained: 0, twice: 0, never: 0 });
    ledger.lease(0, 10);
    ledger.trained([{ epoch: 0, start: 0, end: 6 }]);
    ledger.trained([
      { epoch: 0, start: 4, end: 8 },
      { epoch: 0, start: 8, end: 8 },
    ]);
    expect(ledger.acknowledged).toBe(10);
    ledger.closeEpoch();
    expect(ledger.audit()).toEqual({ expected: 10, trained: 8, twice: 2, never: 2 });
    ledger.lease(0, 10);
    ledger.trained([{ epoch: 1, start: 0, end: 10 }]);
    ledger.closeEpoch();
    expect(ledger.audit()).toEqual({ expected: 20, trained: 18, twice: 2, never: 2 });
    expect(ledger.acknowledged).toBe(0);
  });

  it('counts a sample trained 300 times as twice', () => {
    const ledger = ledgerOf(1);
    ledger.lease(0, 1);
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
    const ledger = ledgerOf(10);
    ledger.lease(0, 4);
    expect(() => ledger.trained([range])).toThrow(RangeError);
    expect(() => ledger.trained([range])).toThrow('ledger: a range leased in epoch 0 expected');
  });
});
