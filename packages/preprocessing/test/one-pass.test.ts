import { describe, expect, it } from 'vitest';
import { onePass } from '../src/one-pass.js';
import type { FitProgress } from '../src/transformer.js';
import { matrixOf } from './matrices.js';

const chunks = [matrixOf([1], [2]), matrixOf([3])];

describe('onePass', () => {
  it('shows each chunk once, and reports', async () => {
    const seen: number[] = [];
    const reports: FitProgress[] = [];
    const onProgress = (progress: FitProgress): void => void reports.push(progress);
    await onePass(
      () => chunks,
      'scale',
      { onProgress },
      ({ rows }) => seen.push(rows),
    );
    expect(seen).toEqual([2, 1]);
    expect(reports).toEqual([
      { step: 'scale', pass: 1, passes: 1, rows: 2 },
      { step: 'scale', pass: 1, passes: 1, rows: 3 },
    ]);
  });

  it('stops by the signal: before the first chunk, between two, and after the last', async () => {
    for (const stopAt of [0, 1, 2]) {
      const stop = new AbortController();
      if (stopAt === 0) stop.abort(new Error('stopped'));
      let seen = 0;
      const pass = onePass(
        () => chunks,
        'scale',
        { signal: stop.signal },
        () => {
          seen++;
          if (seen === stopAt) stop.abort(new Error('stopped'));
        },
      );
      await expect(pass).rejects.toThrow('stopped');
      expect(seen).toBe(stopAt);
    }
  });
});
