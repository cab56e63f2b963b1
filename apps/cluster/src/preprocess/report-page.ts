/** report.html of a preprocessed data set: one page that needs nothing beside it. */
import type { Dataset } from '@weft/hdfs-loader';
import type { Pipeline } from '@weft/preprocessing';
import { type Examples, examplesOf, rowOf, type Stage } from './examples.js';
import { type Figure, pageHtml } from './page-html.js';
import { pictureOf, pictureShape, rangeOf } from './picture.js';
import { pcaOf, Reconstruction } from './reconstruction.js';
import type { PreprocessReport } from './report.js';
import { varianceCurve } from './variance-curve.js';

/** Beside the manifest of the data set. */
export const REPORT_FILE = 'report.html';
const COMPONENTS = 16;
const EXAMPLES = 8;
const BYTE = [0, 255] as const;

/**
 * Makes the page: what was done, and what a Pca has learnt and lost.
 *
 * @returns HTML
 * @throws what reading samples throws
 */
export async function pageOf(o: {
  report: PreprocessReport;
  pipeline: Pipeline;
  source: Dataset;
  signal: AbortSignal;
}): Promise<string> {
  const { report, pipeline, source, signal } = o;
  const pca = pcaOf(pipeline);
  const examples = await examplesOf(source, pipeline, { count: EXAMPLES, signal });
  const { labelNames } = source.manifest;
  const ratios = pca?.explainedVarianceRatio ?? null;
  return pageHtml({
    report,
    curve: ratios && { svg: await varianceCurve(ratios), ratios },
    learnt: await learntFigures(pipeline),
    examples: await exampleFigures(examples, labelNames),
  });
}

/** The mean image, and the first components. */
async function learntFigures(pipeline: Pipeline): Promise<{ mean: Figure; components: Figure[] } | null> {
  const reconstruction = Reconstruction.of(pipeline);
  const shape = reconstruction && pictureShape(reconstruction.shape);
  if (!shape) return null;
  const { mean, componentMatrix, explainedVarianceRatio } = reconstruction.pca;
  const d = mean.length;
  const count = Math.min(COMPONENTS, explainedVarianceRatio.length);
  const components = Array.from({ length: count }, async (_, k): Promise<Figure> => {
    const row = componentMatrix.subarray(k * d, (k + 1) * d);
    const most = Math.max(...rangeOf(row).map(Math.abs));
    const share = `${(explainedVarianceRatio[k]! * 100).toFixed(1)} %`;
    // Gray is 0, which a component has no more to say about.
    const image = await pictureOf(row, shape, [-most, most]);
    return { pictures: [{ image, shape, alt: `Component ${k + 1} as a picture` }], caption: `${k + 1}: ${share}` };
  });
  const image = await pictureOf(mean, shape, rangeOf(mean));
  return {
    mean: { pictures: [{ image, shape, alt: 'Mean of the training images' }], caption: 'mean' },
    components: await Promise.all(components),
  };
}

/** Each sample: as it was, as the Pca was given it, restored, and as training gets it. */
async function exampleFigures(examples: Examples, labelNames: readonly string[]): Promise<Figure[]> {
  const { labels, source, input, restored, output, rmse } = examples;
  const hasSteps = input !== null && (input.rows.values !== source.rows.values || !sameShape(input, source));
  const stages = [
    { what: 'original', stage: source },
    ...(input && hasSteps ? [{ what: 'prepared', stage: input }] : []),
    ...(input && restored ? [{ what: 'restored', stage: { rows: restored, shape: input.shape }, like: input }] : []),
    { what: 'result', stage: output },
  ].flatMap(({ what, stage, like = stage }: { what: string; stage: Stage; like?: Stage }) => {
    const shape = pictureShape(stage.shape);
    return shape ? [{ what, rows: stage.rows, shape, range: shownRange(like, what === 'result') }] : [];
  });
  return await Promise.all(
    labels.map(async (label, i): Promise<Figure> => {
      const name = labelNames[label] ?? String(label);
      const pictures = stages.map(async ({ what, rows, shape, range }) => {
        const image = await pictureOf(rowOf(rows, i).values, shape, range);
        return { image, shape, alt: `${name}, ${what}`, what };
      });
      const caption = rmse ? `${name} · error ${rmse[i]!.toPrecision(3)}` : name;
      return { pictures: await Promise.all(pictures), caption };
    }),
  );
}

const sameShape = (a: Stage, b: Stage): boolean => a.shape.join() === b.shape.join();

/** Pixels as they are; other numbers from the least to the largest, all samples alike; three standard deviations of a result. */
function shownRange({ rows }: Stage, isResult: boolean): readonly [number, number] {
  if (rows.values instanceof Uint8Array) return BYTE;
  const values = Array.from(rows.values.subarray(0, rows.rows * rows.features));
  const range = rangeOf(values);
  if (!isResult) return range[0] >= 0 && range[1] > 1 && range[1] <= 255 ? BYTE : range;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  return [mean - 3 * deviation, mean + 3 * deviation];
}
