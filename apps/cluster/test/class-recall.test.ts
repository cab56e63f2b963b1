import { openDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { recallReport } from '../src/class-recall.js';
import { tinyDataset } from './tiny-dataset.js';

async function manifestOf(train: readonly number[], test: readonly number[]) {
  const { manifest } = await openDataset(await tinyDataset(3, 3));
  const subset = (perClass: readonly number[]) => ({
    ...manifest.subsets.train,
    perClass,
    samples: perClass.reduce((sum, n) => sum + n, 0),
  });
  return { ...manifest, subsets: { train: subset(train), test: subset(test) } };
}

describe('recallReport', () => {
  it('is the share of each class that is found, and its mean over classes that have test images', async () => {
    const manifest = await manifestOf([50, 30, 20], [8, 0, 2]);
    expect(recallReport(manifest, Uint32Array.of(6, 0, 2))).toEqual({
      perClass: [
        { label: 0, name: 'upper', samples: 8, recall: 0.75 },
        { label: 1, name: 'middle', samples: 0, recall: null },
        { label: 2, name: 'lower', samples: 2, recall: 1 },
      ],
      meanRecall: 0.875,
      largestClassAccuracy: 0.8,
    });
  });

  it('guesses the class with the most training images, whatever is tested', async () => {
    expect(recallReport(await manifestOf([10, 30, 20], [8, 1, 1]), [0, 0, 0]).largestClassAccuracy).toBe(0.1);
  });

  it('says nothing of a test set without images', async () => {
    const report = recallReport(await manifestOf([1, 1, 1], [0, 0, 0]), []);
    expect(report).toMatchObject({ meanRecall: 0, largestClassAccuracy: 0 });
    expect(report.perClass.every(({ recall }) => recall === null)).toBe(true);
  });
});
