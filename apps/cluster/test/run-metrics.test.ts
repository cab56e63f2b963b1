import type { Progress } from '@weft/trainer';
import { describe, expect, it } from 'vitest';
import { RunMetrics } from '../src/run-metrics.js';

const report: Progress = {
  trained: [],
  steps: 2,
  samples: 100,
  loss: 50,
  correct: 25,
  dataWaitMs: 10,
  gradientMs: 400,
  stepMs: 20,
  exchangeMs: 80,
  staleness: 1,
};

describe('RunMetrics', () => {
  it('adds up reports by worker and epoch', () => {
    let nowMs = 1000;
    const metrics = new RunMetrics({ workers: 2, now: () => nowMs });
    metrics.startEpoch();
    metrics.progress(0, report);
    metrics.progress(0, { ...report, staleness: 4 });
    metrics.progress(1, { ...report, samples: 200, loss: 20, correct: 175, staleness: null });
    nowMs = 3000;
    expect(metrics.running(0)).toEqual({
      epoch: 1,
      samples: 400,
      seconds: 2,
      samplesPerSecond: 200,
      loss: 0.3,
      accuracy: 0.5625,
      staleness: 2.5,
      dataWaitShare: 0.0075,
      workers: [
        { samples: 200, samplesPerSecond: 100 },
        { samples: 200, samplesPerSecond: 100 },
      ],
    });
    metrics.endTraining();
    nowMs = 3500;
    const epoch = metrics.endEpoch(0, { loss: 0.7, correct: 30, size: 40 });
    expect(epoch).toEqual({
      epoch: 1,
      seconds: 2,
      samplesPerSecond: 200,
      loss: 0.3,
      accuracy: 0.5625,
      testLoss: 0.7,
      testAccuracy: 0.75,
      evaluationSeconds: 0.5,
      dataWaitShare: 0.0075,
      workers: [
        {
          worker: 0,
          samples: 200,
          steps: 4,
          loss: 0.5,
          accuracy: 0.25,
          samplesPerSecond: 100,
          dataWaitSeconds: 0.02,
          dataWaitShare: 0.01,
          gradientSeconds: 0.8,
          stepSeconds: 0.04,
          exchangeSeconds: 0.16,
          staleness: 2.5,
        },
        {
          worker: 1,
          samples: 200,
          steps: 2,
          loss: 0.1,
          accuracy: 0.875,
          samplesPerSecond: 100,
          dataWaitSeconds: 0.01,
          dataWaitShare: 0.005,
          gradientSeconds: 0.4,
          stepSeconds: 0.02,
          exchangeSeconds: 0.08,
          staleness: null,
        },
      ],
    });
    expect(metrics.epochs).toEqual([epoch]);
  });

  it('begins every epoch at nothing, and has no figure that is not a number', () => {
    const metrics = new RunMetrics({ workers: 1, now: () => 5 });
    metrics.startEpoch();
    metrics.progress(0, report);
    metrics.startEpoch();
    const { epoch, samples, samplesPerSecond, loss, accuracy, staleness } = metrics.running(1);
    expect(epoch).toBe(2);
    expect([samples, samplesPerSecond, loss, accuracy, staleness]).toEqual([0, 0, 0, 0, 0]);
    metrics.endTraining();
    const { seconds, testAccuracy, workers } = metrics.endEpoch(1, { loss: 0, correct: 0, size: 0 });
    expect([seconds, testAccuracy, workers[0]?.staleness]).toEqual([0, 0, null]);
  });

  it('refuses a worker that is not in the run', () => {
    const metrics = new RunMetrics({ workers: 2, now: () => 0 });
    expect(() => metrics.progress(2, report)).toThrow('metrics: worker 0 to 1 expected, got 2');
  });
});
