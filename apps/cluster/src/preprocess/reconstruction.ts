/** How well what a Pca keeps restores what it was given. */
import { type Matrix, Pca, type Pipeline, type Transformer } from '@weft/preprocessing';
import { z } from 'zod';

/** Sums over samples, to be added up. */
export interface ReconstructionError {
  /** Σ ‖x − x̂‖² */
  readonly squared: number;
  /** Σ ‖x − μ‖²: what would be lost with no component at all. */
  readonly deviation: number;
  /** Number of values: samples × features of the Pca's input. */
  readonly values: number;
}

export const ERROR_SCHEMA: z.ZodType<ReconstructionError> = z.object({
  squared: z.number(),
  deviation: z.number(),
  values: z.number(),
});

export const NO_ERROR: ReconstructionError = { squared: 0, deviation: 0, values: 0 };

export const addErrors = (a: ReconstructionError, b: ReconstructionError): ReconstructionError => ({
  squared: a.squared + b.squared,
  deviation: a.deviation + b.deviation,
  values: a.values + b.values,
});

const isPca = (step: Transformer): step is Pca => step instanceof Pca;

/** The first Pca of a pipeline; null where there is none. */
export const pcaOf = ({ steps }: Pipeline): Pca | null => steps.find(isPca) ?? null;

/** Of the samples that a step is given; as a picture where they are one that was only flattened. */
function shapeBefore({ steps, inputShape }: Pipeline, at: number): readonly number[] {
  const shapes = [inputShape];
  for (const step of steps.slice(0, at)) shapes.push(step.outputShape(shapes.at(-1)!));
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const last = shapes.at(-1)!;
  return shapes.findLast((shape) => shape.length === 3 && size(shape) === size(last)) ?? last;
}

/** A pipeline's Pca: what comes before it, and the way back to it. */
export class Reconstruction {
  readonly pca: Pca;
  /** Shape of the samples that it is given. */
  readonly shape: readonly number[];
  readonly #before: readonly Transformer[];
  /** The Pca, and what comes after it. */
  readonly #from: readonly Transformer[];

  private constructor(pipeline: Pipeline, at: number) {
    this.pca = pipeline.steps[at] as Pca;
    this.#before = pipeline.steps.slice(0, at);
    this.#from = pipeline.steps.slice(at);
    this.shape = shapeBefore(pipeline, at);
  }

  /** The first Pca of a fitted pipeline; null where there is none, or no way back to it. */
  static of(pipeline: Pipeline): Reconstruction | null {
    const at = pipeline.steps.findIndex(isPca);
    const hasWayBack = at >= 0 && pipeline.steps.slice(at).every((step) => step.inverse !== undefined);
    return hasWayBack ? new Reconstruction(pipeline, at) : null;
  }

  /**
   * Takes samples through the whole pipeline, and back to the Pca's input.
   *
   * @returns what the Pca was given, what the pipeline gives, and what that restores
   */
  async restore(x: Matrix): Promise<{ input: Matrix; output: Matrix; restored: Matrix }> {
    let input = x;
    for (const step of this.#before) input = await step.transform(input);
    let output = input;
    for (const step of this.#from) output = await step.transform(output);
    let restored = output;
    for (const step of this.#from.toReversed()) restored = await step.inverse!(restored);
    return { input, output, restored };
  }

  /** E = Σ ‖x − x̂‖² and D = Σ ‖x − μ‖², of what restore() gives. */
  errorOf({ input, restored }: { input: Matrix; restored: Matrix }): ReconstructionError {
    const { mean } = this.pca;
    const { rows, features } = input;
    let [squared, deviation] = [0, 0];
    for (let row = 0, i = 0; row < rows; row++) {
      for (let j = 0; j < features; j++, i++) {
        const x = input.values[i]!;
        squared += (x - restored.values[i]!) ** 2;
        deviation += (x - mean[j]!) ** 2;
      }
    }
    return { squared, deviation, values: rows * features };
  }
}
