import { PreprocessingError } from '../errors.js';
import { Reshape } from '../reshape.js';
import { featuresOf } from '../shape.js';
import type { ElementType } from '../transformer.js';
import { type SpelledStep, type StepWords, spelledStep } from './step-spellings.js';

/** What goes into the first step. */
export interface SampleForm {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

const STEP = /^(?<name>[a-z]+)(?:=(?<argument>[^:=]+))?(?<modifiers>(?::[a-z]+)*)$/;

/**
 * Makes the steps of a text such as `grayscale,resize=128,pca=784`, for samples of this form.
 *
 * @throws PreprocessingError INVALID_ARGUMENT, SHAPE_MISMATCH: one line that names the step
 */
export function parseSteps(text: string, { shape, type }: SampleForm): SpelledStep[] {
  featuresOf(shape);
  const steps: SpelledStep[] = [];
  // Undefined after a step whose fit decides how many values come out: `unknownAfter`.
  let inputShape: readonly number[] | undefined = shape;
  let inputType = type;
  let unknownAfter = '';
  for (const [index, words] of text.split(',').entries()) {
    located(index, words.trim(), () => {
      const made = spelledStep(wordsOf(words.trim()), () => inputShape ?? refuseUnknown(unknownAfter));
      const given = outputShape(made, inputShape);
      if (inputShape && !given) unknownAfter = made.text;
      inputShape = given;
      inputType = outputType(made, inputType);
      steps.push(made);
    });
  }
  return steps;
}

/** Shape of what comes out of a step; undefined where that, or what goes in, is known after a fit only. */
export function outputShape(
  { step }: SpelledStep,
  input: readonly number[] | undefined,
): readonly number[] | undefined {
  // A shape that is spelt out is known whatever goes in.
  if (input === undefined) return step instanceof Reshape ? step.shape : undefined;
  try {
    return step.outputShape(input);
  } catch (error) {
    if (error instanceof PreprocessingError && error.code === 'NOT_FITTED') return undefined;
    throw error;
  }
}

/** Elements that come out of a step. @throws PreprocessingError INVALID_ARGUMENT */
export function outputType({ step }: SpelledStep, input: ElementType): ElementType {
  return step.outputType?.(input) ?? 'float32';
}

const LOCATED = /^step \d+, /;

/** What `work` refuses, with the step before it, unless it names one already. */
export function located<T>(index: number, text: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof PreprocessingError) || LOCATED.test(cause.message)) throw cause;
    throw new PreprocessingError(cause.code, `step ${index + 1}, ${JSON.stringify(text)}: ${cause.message}`, { cause });
  }
}

function wordsOf(text: string): StepWords {
  const groups = STEP.exec(text)?.groups;
  if (!groups)
    throw new PreprocessingError('INVALID_ARGUMENT', 'expected NAME, NAME=ARGUMENT or NAME=ARGUMENT:MODIFIER');
  const { name, argument, modifiers } = groups as { name: string; argument?: string; modifiers: string };
  return { name, argument, modifiers: modifiers.split(':').slice(1) };
}

function refuseUnknown(step: string): never {
  const message = `expected images, but how many values ${step} gives is known after its fit only: put a reshape between`;
  throw new PreprocessingError('SHAPE_MISMATCH', message);
}
