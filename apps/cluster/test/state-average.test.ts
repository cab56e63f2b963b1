import { describe, expect, it } from 'vitest';
import { StateAverage } from '../src/state-average.js';

describe('StateAverage', () => {
  it('gives every worker the mean once all have brought their state, epoch after epoch', async () => {
    const average = new StateAverage(2, Float32Array.of(9, 9));
    expect(average.last).toEqual(Float32Array.of(9, 9));
    const first = average.average(1, Float32Array.of(1, 2));
    const second = average.average(0, Float32Array.of(3, 6));
    expect(await first).toEqual(Float32Array.of(2, 4));
    expect(await second).toEqual(Float32Array.of(2, 4));
    const next = [average.average(0, Float32Array.of(0, 0)), average.average(1, Float32Array.of(1, 1))];
    expect(await Promise.all(next)).toEqual([Float32Array.of(0.5, 0.5), Float32Array.of(0.5, 0.5)]);
    expect(average.last).toEqual(Float32Array.of(0.5, 0.5));
  });

  it('keeps a copy: a receive buffer may be used again before the last worker comes', async () => {
    const average = new StateAverage(2, Float32Array.of(0));
    const buffer = Float32Array.of(1);
    const mean = average.average(0, buffer);
    buffer[0] = 100;
    void average.average(1, Float32Array.of(3));
    expect(await mean).toEqual(Float32Array.of(2));
  });

  it('refuses a state of another length', async () => {
    await expect(new StateAverage(1, Float32Array.of(0)).average(0, new Float32Array(2))).rejects.toThrow(
      'state of worker 0: 1 elements expected, got 2',
    );
  });
});
