/** How well each class of the test images is found. */
import type { Manifest } from '@weft/hdfs-loader';

/** One class of the test images. */
export interface ClassRecall {
  /** Class index. */
  readonly label: number;
  readonly name: string;
  /** Test images of it. */
  readonly samples: number;
  /** Share of them that is predicted correctly; null where there are none. */
  readonly recall: number | null;
}

/** Recall by class, and what to compare it with. */
export interface RecallReport {
  readonly perClass: readonly ClassRecall[];
  /** Mean of the recalls of the classes that have test images: each counts the same, however many it has. */
  readonly meanRecall: number;
  /** Accuracy on the test images of always guessing the class with the most training images. */
  readonly largestClassAccuracy: number;
}

/**
 *   recall_c = correct_c / n_c        mean recall = Σ recall_c / classes with n_c > 0
 *
 * @param correctByClass test images of each class that are predicted correctly
 * @example recallReport(manifest, Uint32Array.of(9, 3)).meanRecall
 */
export function recallReport({ subsets, labelNames }: Manifest, correctByClass: ArrayLike<number>): RecallReport {
  const { train, test } = subsets;
  const perClass = labelNames.map((name, label): ClassRecall => {
    const samples = test.perClass[label]!;
    return { label, name, samples, recall: samples > 0 ? (correctByClass[label] ?? 0) / samples : null };
  });
  const recalls = perClass.flatMap(({ recall }) => (recall === null ? [] : [recall]));
  const largest = train.perClass.indexOf(train.perClass.reduce((most, n) => Math.max(most, n), 0));
  return {
    perClass,
    meanRecall: recalls.length > 0 ? recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length : 0,
    largestClassAccuracy: test.samples > 0 ? test.perClass[largest]! / test.samples : 0,
  };
}
