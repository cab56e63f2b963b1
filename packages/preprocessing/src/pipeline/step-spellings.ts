import { PreprocessingError } from '../errors.js';
import { Flatten } from '../flatten.js';
import { CenterCrop } from '../images/center-crop.js';
import { Grayscale } from '../images/grayscale.js';
import type { ImageSize } from '../images/image-shape.js';
import { PerImageNormalizer } from '../images/per-image-normalizer.js';
import { Resize } from '../images/resize.js';
import { MinMaxScaler } from '../min-max-scaler.js';
import { Pca } from '../pca/pca.js';
import { Reshape } from '../reshape.js';
import { shapeText } from '../shape.js';
import { StandardScaler } from '../standard-scaler.js';
import type { Transformer } from '../transformer.js';
import { pcaOptionsOf, pcaText, pcaUsage } from './pca-options.js';

/** A step in words: NAME, NAME=ARGUMENT or NAME=ARGUMENT:MODIFIER:MODIFIER. */
export interface StepWords {
  readonly name: string;
  readonly argument: string | undefined;
  readonly modifiers: readonly string[];
}

/** A step, and the one way to spell it that is kept. */
export interface SpelledStep {
  readonly text: string;
  readonly step: Transformer;
}

interface Spelling {
  /** Shown to whom spells it otherwise. */
  readonly usage: string;
  /** @throws PreprocessingError; undefined: not so */
  make(words: StepWords, inputShape: () => readonly number[]): SpelledStep | undefined;
}

/** A step without argument. */
const plain = (name: string, make: (inputShape: () => readonly number[]) => Transformer): Spelling => ({
  usage: name,
  make: ({ argument, modifiers }, inputShape) =>
    argument === undefined && modifiers.length === 0 ? { text: name, step: make(inputShape) } : undefined,
});

/** A step that takes the size of an image. */
const sized = (name: string, make: (inputShape: readonly number[], size: ImageSize) => Transformer): Spelling => ({
  usage: `${name}=N or ${name}=HxW`,
  make: ({ argument, modifiers }, inputShape) => {
    const sides = sidesOf(argument);
    const [height, width = height] = sides ?? [];
    if (height === undefined || width === undefined || sides!.length > 2 || modifiers.length > 0) return undefined;
    const text = `${name}=${height === width ? height : shapeText([height, width])}`;
    return { text, step: make(inputShape(), { height, width }) };
  },
});

/** Every step that a pipeline can be made of, one line each where it can be. */
const SPELLINGS: Readonly<Record<string, Spelling>> = {
  grayscale: plain('grayscale', (inputShape) => new Grayscale(inputShape())),
  resize: sized('resize', (inputShape, size) => new Resize(inputShape, size)),
  crop: sized('crop', (inputShape, size) => new CenterCrop(inputShape, size)),
  minmax: {
    usage: 'minmax or minmax=per-pixel',
    make: ({ argument, modifiers }) => {
      if (modifiers.length > 0) return undefined;
      if (argument === undefined) return { text: 'minmax', step: new MinMaxScaler() };
      if (argument !== 'per-pixel') return undefined;
      return { text: 'minmax=per-pixel', step: new MinMaxScaler({ mode: 'per-feature' }) };
    },
  },
  standardize: plain('standardize', () => new StandardScaler()),
  normalize: plain('normalize', () => new PerImageNormalizer()),
  flatten: plain('flatten', () => new Flatten()),
  reshape: {
    usage: 'reshape=AxBx…, such as reshape=28x28x1',
    make: ({ argument, modifiers }) => {
      const sides = modifiers.length > 0 ? undefined : sidesOf(argument);
      return sides && { text: `reshape=${shapeText(sides)}`, step: new Reshape(sides) };
    },
  },
  pca: {
    usage: pcaUsage,
    make: (words) => {
      const options = pcaOptionsOf(words);
      return options && { text: pcaText(options), step: new Pca(options) };
    },
  },
};

/**
 * Makes a step of its words.
 *
 * @param inputShape gives the shape that goes in, or throws where only a fit can tell
 * @throws PreprocessingError INVALID_ARGUMENT, SHAPE_MISMATCH
 */
export function spelledStep(words: StepWords, inputShape: () => readonly number[]): SpelledStep {
  if (!Object.hasOwn(SPELLINGS, words.name)) {
    const message = `expected a step of ${Object.keys(SPELLINGS).join(', ')}`;
    throw new PreprocessingError('INVALID_ARGUMENT', message);
  }
  const spelling = SPELLINGS[words.name]!;
  const made = spelling.make(words, inputShape);
  if (made) return made;
  throw new PreprocessingError('INVALID_ARGUMENT', `expected ${spelling.usage}`);
}

/** Integers ≥ 1 that are joined by x. */
function sidesOf(argument: string | undefined): number[] | undefined {
  return argument !== undefined && /^[1-9]\d{0,8}(?:x[1-9]\d{0,8})*$/.test(argument)
    ? argument.split('x').map(Number)
    : undefined;
}
