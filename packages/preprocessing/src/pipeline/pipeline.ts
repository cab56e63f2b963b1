import type { Tensor } from '@weft/safetensors';
import { PreprocessingError } from '../errors.js';
import { assertFinite, assertMatrix, type Matrix, unchanged } from '../matrix.js';
import { featuresOf } from '../shape.js';
import { readState } from '../state-reader.js';
import type { Chunks, ElementType, FitOptions, Transformer, TransformerJson } from '../transformer.js';
import { restoreStep } from '../transformer-classes.js';
import { ChunkCache } from './chunk-cache.js';
import { located, outputShape, outputType, parseSteps, type SampleForm } from './parse-steps.js';
import type { SpelledStep } from './step-spellings.js';

/** How a pipeline is fitted. */
export interface PipelineFitOptions extends FitOptions {
  /** Called after each step that has learnt, so that the pipeline can be saved and a later fit goes on from there. */
  readonly onStepFitted?: (index: number) => void | Promise<void>;
  /** What the leading steps that give bytes make is kept in memory, up to so many bytes, for later passes. Default 0. */
  readonly cacheBytes?: number;
}

const ELEMENT_TYPES = ['uint8', 'float32'] as const;

/**
 * Steps one after the other, fitted one after the other, each on what those before it give:
 *
 *   y = f_n(… f_2(f_1(x)))
 *
 * Saved and restored as one transformer, also when only its first steps are fitted.
 *
 * @example
 * const pipeline = Pipeline.parse('grayscale,resize=28,standardize', [128, 128, 3]);
 * await pipeline.fit(() => trainingChunks());
 * const { values } = await pipeline.transform(images); // rows × 784
 */
export class Pipeline implements Transformer {
  static readonly kind = 'pipeline';
  readonly kind = Pipeline.kind;
  /** Shape of a sample that goes in. */
  readonly inputShape: readonly number[];
  /** Elements that go in. */
  readonly inputType: ElementType;
  /** Maps rows back, to float32 or bytes as the steps do; absent unless every step has a way back. See slice. */
  readonly inverse?: (y: Matrix) => Promise<Matrix>;
  readonly #spelled: readonly SpelledStep[];

  private constructor(spelled: readonly SpelledStep[], { shape, type }: SampleForm) {
    this.#spelled = spelled;
    this.inputShape = [...shape];
    this.inputType = type;
    if (this.steps.every((step) => step.inverse)) this.inverse = (y) => this.#inverse(y);
  }

  /**
   * Steps as a user spells them: grayscale, resize=N or HxW, crop=N or HxW, minmax, minmax=per-pixel, standardize, normalize,
   * flatten, reshape=AxBxC, separated by commas.
   *
   * @param inputShape of a sample: [height, width, channels] for images
   * @throws PreprocessingError INVALID_ARGUMENT for an unknown step, SHAPE_MISMATCH for one that does not fit what comes before
   */
  static parse(steps: string, inputShape: readonly number[], inputType: ElementType = 'uint8'): Pipeline {
    const form: SampleForm = { shape: inputShape, type: inputType };
    return new Pipeline(parseSteps(steps, form), form);
  }

  get steps(): readonly Transformer[] {
    return this.#spelled.map(({ step }) => step);
  }

  /** The steps in the one spelling that is kept. */
  get text(): string {
    return this.#spelled.map(({ text }) => text).join(',');
  }

  get isFitted(): boolean {
    return this.steps.every((step) => step.isFitted);
  }

  /** Shape of a sample that comes out. @throws PreprocessingError NOT_FITTED where a fit decides it */
  get sampleShape(): readonly number[] {
    const shape = this.#shapes().at(-1);
    if (!shape)
      throw new PreprocessingError('NOT_FITTED', `${this.text}: the shape that comes out is known after the fit`);
    return shape;
  }

  /** Elements that come out. */
  get dtype(): ElementType {
    return this.#types().at(-1)!;
  }

  /** @throws PreprocessingError SHAPE_MISMATCH, NOT_FITTED where a fit decides it */
  outputShape(inputShape: readonly number[]): readonly number[] {
    if (inputShape.join() === this.inputShape.join()) return this.sampleShape;
    const message = `expected samples of ${this.inputShape.join('x')}, got ${inputShape.join('x')}`;
    throw new PreprocessingError('SHAPE_MISMATCH', message);
  }

  /** @throws PreprocessingError INVALID_ARGUMENT */
  outputType(inputType: ElementType): ElementType {
    if (inputType === this.inputType) return this.dtype;
    throw new PreprocessingError('INVALID_ARGUMENT', `expected ${this.inputType} samples, got ${inputType}`);
  }

  /**
   * Fits the steps that are not fitted yet, in their order: one that was restored half fitted goes on. With an AllReduce, all
   * workers begin with the same steps fitted.
   *
   * @throws PreprocessingError as the steps do, with the step's number and spelling before the message; the signal's reason
   */
  async fit(chunks: Chunks, { onStepFitted, cacheBytes = 0, ...options }: PipelineFitOptions = {}): Promise<this> {
    const { onProgress } = options;
    const leading = this.#leadingSteps();
    const make = (chunk: Matrix): Promise<Matrix> => {
      this.#assertInput(chunk);
      return this.#through(chunk, 0, leading);
    };
    const cache = new ChunkCache(chunks, make, this.inputType === 'uint8' ? cacheBytes : 0);
    for (const [index, { step, text }] of this.#spelled.entries()) {
      if (step.isFitted) continue;
      await this.#located(index, () =>
        step.fit(() => this.#throughAll(cache, leading, index), {
          ...options,
          ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, step: text }) }),
        }),
      );
      // What a fit has decided may not fit the steps after it.
      this.#shapes();
      await onStepFitted?.(index);
    }
    return this;
  }

  /** Rows as they go in to rows as they come out. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, INVALID_VALUE, INVALID_ARGUMENT */
  async transform(x: Matrix, out?: Float32Array): Promise<Matrix> {
    this.#assertInput(x);
    const y = await this.#through(x, 0, this.#spelled.length, out);
    return out === undefined || y.values.buffer === out.buffer ? y : unchanged(y, out);
  }

  /**
   * Some of the steps, as a pipeline of its own that shares them: what comes before PCA, or the way back to it.
   *
   * @example const pictures = await pipeline.slice(2).inverse?.(rows);
   */
  slice(from: number, to = this.#spelled.length): Pipeline {
    const shape = [this.inputShape, ...this.#shapes()][from];
    const type = [this.inputType, ...this.#types()][from];
    if (!shape || !type || to <= from || to > this.#spelled.length) {
      const message = `expected steps from < to of ${this.#spelled.length}, the shape before them known, got ${from} to ${to}`;
      throw new PreprocessingError('INVALID_ARGUMENT', message);
    }
    return new Pipeline(this.#spelled.slice(from, to), { shape, type });
  }

  /** The steps and what those that are fitted have learnt. */
  toJSON(): TransformerJson {
    const { kind, text, inputShape, inputType } = this;
    const states = this.steps.map((step) => (step.isFitted ? step.toJSON() : null));
    return { kind, version: 1, steps: text, inputShape: [...inputShape], inputType, states };
  }

  /** Tensors of each fitted step, its index before their names: `4.mean`. */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries(
      this.steps.flatMap((step, index) =>
        Object.entries((step.isFitted && step.tensors?.()) || {}).map(([name, tensor]) => [`${index}.${name}`, tensor]),
      ),
    );
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown, tensors: Readonly<Record<string, Tensor>> = {}): Pipeline {
    const state = readState(json, Pipeline.kind);
    const form = { shape: state.shape('inputShape'), type: state.oneOf('inputType', ELEMENT_TYPES) };
    const states = state.list('states');
    return state.made(() => {
      const spelled = parseSteps(state.text('steps'), form);
      if (states.length !== spelled.length) state.refuse(`states: expected ${spelled.length}, got ${states.length}`);
      const restored = spelled.map(({ text, step }, index): SpelledStep => {
        if (states[index] === null) return { text, step };
        const prefix = `${index}.`;
        const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
        const known = restoreStep(
          states[index],
          Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])),
        );
        if (known.kind !== step.kind) state.refuse(`states: expected a ${step.kind} for ${text}, got a ${known.kind}`);
        return { text, step: known };
      });
      const pipeline = new Pipeline(restored, form);
      pipeline.#shapes();
      return pipeline;
    });
  }

  /** Shapes after each step; undefined where a fit decides. @throws PreprocessingError SHAPE_MISMATCH */
  #shapes(): (readonly number[] | undefined)[] {
    let shape: readonly number[] | undefined = this.inputShape;
    return this.#spelled.map((spelled, index) => {
      shape = located(index, spelled.text, () => outputShape(spelled, shape));
      return shape;
    });
  }

  #types(): ElementType[] {
    let type = this.inputType;
    return this.#spelled.map((spelled) => {
      type = outputType(spelled, type);
      return type;
    });
  }

  /** How many of the first steps have nothing to learn and give bytes. */
  #leadingSteps(): number {
    if (this.inputType !== 'uint8') return 0;
    const types = this.#types();
    const end = this.steps.findIndex((step, index) => !step.isFitted || types[index] !== 'uint8');
    return end === -1 ? this.#spelled.length : end;
  }

  async #through(x: Matrix, from: number, to: number, out?: Float32Array): Promise<Matrix> {
    let y = x;
    for (const [index, { step }] of [...this.#spelled.entries()].slice(from, to)) {
      y = await this.#located(index, () => step.transform(y, index === to - 1 ? out : undefined));
    }
    return y;
  }

  async *#throughAll(cache: ChunkCache, from: number, to: number): AsyncGenerator<Matrix> {
    for await (const chunk of cache.chunks()) yield await this.#through(chunk, from, to);
  }

  async #inverse(y: Matrix): Promise<Matrix> {
    assertMatrix(y, featuresOf(this.sampleShape));
    let x = y;
    for (const [index, { step }] of [...this.#spelled.entries()].reverse()) {
      x = await this.#located(index, () => step.inverse!(x));
    }
    return x;
  }

  #assertInput(x: Matrix): void {
    assertMatrix(x, featuresOf(this.inputShape));
    const got = x.values instanceof Uint8Array ? 'uint8' : x.values instanceof Float32Array ? 'float32' : 'uint16';
    if (got !== this.inputType) {
      throw new PreprocessingError('INVALID_ARGUMENT', `expected ${this.inputType} samples, got ${got}`);
    }
    assertFinite(x);
  }

  /** What a step refuses, with its number and spelling before the message. */
  async #located<T>(index: number, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      return located(index, this.#spelled[index]!.text, () => {
        throw error;
      });
    }
  }
}
