import type { Manifest } from '../manifest.js';
import type { Dtype, Samples } from '../samples.js';
import type { LeftOut } from './bad-images.js';

/** The two subsets of a data set. */
export type SubsetName = keyof Manifest['subsets'];

/** How far a conversion is: entries found while listing, files while reading, samples while writing. */
export interface Progress {
  readonly stage: 'list' | 'read' | 'write';
  readonly done: number;
  /** null where it is not known yet. */
  readonly total: number | null;
}

/** What goes with opening a source. */
export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of listing, and of files that are read whole, then and later. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface SourceReadOptions {
  /** First row, in the source's own order. Default 0. */
  readonly start?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of a row that is left out, before the batch with the samples behind it. */
  readonly onLeftOut?: ((file: LeftOutRow) => void) | undefined;
}

/** A file that was left out while reading. */
export interface LeftOutRow extends LeftOut {
  /** In the source's own order. */
  readonly row: number;
}

/** Samples as a source gives them. */
export interface SourceBatch extends Samples {
  /** Row of each sample in the source's own order, rising. Default: they follow one another, and none is left out. */
  readonly rows?: Uint32Array;
}

/** Where images come from, in whatever form; `ingest` and `writeDataset` make shards of it. */
export interface Source {
  /**
   * Lists files, reads headers and annotations, and no more pixels than it takes to know their shape.
   *
   * @throws LoaderError NOT_FOUND, INVALID_SOURCE, TRUNCATED, and what the storage throws, naming the file and its byte or row
   */
  open(options?: OpenOptions): Promise<OpenSource>;
  /** Lets go of connections. */
  close(): Promise<void>;
}

/** A source whose form is known and whose pixels are still to be read. Memory is bounded, whatever its size. */
export interface OpenSource {
  /** Of the data set, where the user gives none. */
  readonly name: string;
  /** Who cut training from test: 'official', 'npm' for the npm package, 'seeded' for a cut of weft's. */
  readonly split: string;
  /** What one must know before comparing results. */
  readonly note: string;
  /** Shape of one sample, [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** Type of the values. Default uint8. */
  readonly dtype?: Dtype | undefined;
  /** Name of each class, by index. */
  readonly labelNames: readonly string[];
  /** Hexadecimal digest that changes when what is read may change, options included: the key of a cache and of a resumed ingest. */
  readonly fingerprint: string;
  /** Files that the listing has left out. Default: none. */
  readonly leftOut?: readonly LeftOut[];
  /** Rows of a subset, as far as is known by now: its samples, and those that reading leaves out. */
  samples(subset: SubsetName): number | null;
  /**
   * The samples of a subset from row `start`, in an order that is always the same, in batches of any size. A batch is the
   * caller's until the next one is asked for.
   *
   * @throws LoaderError as open
   */
  read(subset: SubsetName, options?: SourceReadOptions): AsyncIterable<SourceBatch>;
  /** Sentences about what was found (rows left out), to be kept in the manifest's note. To be asked after reading. */
  remarks(): Promise<readonly string[]>;
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
