import { describe, expect, it } from 'vitest';
import { FitRows } from '../../src/preprocess/fit-progress.js';

const at = (pass: number, rows: number, step = 'pca=4') => ({ step, pass, passes: 2, rows });

describe('FitRows', () => {
  it('adds up the rows of the pass that the foremost worker is in', () => {
    const fit = new FitRows(100);
    expect(fit.add(0, at(1, 10))).toEqual({ ...at(1, 10), totalRows: 100 });
    expect(fit.add(1, at(1, 40)).rows).toBe(50);
    expect(fit.add(0, at(1, 50)).rows).toBe(90);
    expect(fit.add(0, at(2, 5))).toMatchObject({ pass: 2, rows: 5 });
    expect(fit.add(1, at(1, 50))).toMatchObject({ pass: 2, rows: 5 });
    expect(fit.add(1, at(2, 7)).rows).toBe(12);
    expect(fit.add(1, at(1, 0, 'standardize'))).toMatchObject({ step: 'standardize', pass: 1, rows: 0 });
    expect(fit.add(0, at(2, 50))).toMatchObject({ step: 'standardize', rows: 0 });
  });
});
