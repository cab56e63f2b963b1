import { LoaderError } from '../errors.js';
import { fashionMnistLabelNames, type OpenOptions, type Source, type SubsetName } from '../sources/source.js';

/** Rows and columns of a garment's picture. */
export const GARMENT_SIDE = 28;
const FEATURES = GARMENT_SIDE * GARMENT_SIDE;

/** Garments of one subset, in memory that threads share. */
export interface Garments {
  /** Their pictures, one after the other. */
  readonly pixels: Uint8Array;
  /** Indexes of the pictures of each class of Fashion-MNIST. */
  readonly ofClass: readonly Uint32Array[];
}

/** A picture, as a view. */
export function garmentAt({ pixels }: Garments, index: number): Uint8Array {
  return pixels.subarray(index * FEATURES, (index + 1) * FEATURES);
}

/**
 * Reads all pictures of Fashion-MNIST, or of what has its shape and classes: 55 MB.
 *
 * @throws LoaderError INVALID_SOURCE when it is of another shape, or lacks a class; and what the source throws
 * @example const { train } = await readGarments(npmFashionMnist(packageDir));
 */
export async function readGarments(source: Source, options: OpenOptions = {}): Promise<Record<SubsetName, Garments>> {
  const opened = await source.open(options);
  const { inputShape, labelNames, name } = opened;
  const classes = fashionMnistLabelNames.length;
  const expected = [GARMENT_SIDE, GARMENT_SIDE, 1];
  if (inputShape.join() !== expected.join() || labelNames.length !== classes) {
    const got = `${inputShape.join(' × ')} in ${labelNames.length} classes`;
    throw new LoaderError(
      'INVALID_SOURCE',
      `${name}: expected garments of ${expected.join(' × ')} in ${classes} classes, got ${got}`,
    );
  }
  const read = async (subset: SubsetName): Promise<Garments> => {
    const pieces: Uint8Array[] = [];
    const rows = Array.from({ length: classes }, (): number[] => []);
    let count = 0;
    for await (const batch of opened.read(subset, { signal: options.signal })) {
      pieces.push(Uint8Array.from(batch.inputs as Uint8Array));
      for (const label of batch.labels) rows[label]!.push(count++);
    }
    const missing = rows.findIndex((of) => of.length === 0);
    if (missing >= 0) {
      const message = `${name}: expected garments of every class in the ${subset} set, got no ${labelNames[missing]}`;
      throw new LoaderError('INVALID_SOURCE', message);
    }
    const pixels = new Uint8Array(new SharedArrayBuffer(count * FEATURES));
    let at = 0;
    for (const piece of pieces) {
      pixels.set(piece, at);
      at += piece.length;
    }
    return { pixels, ofClass: rows.map((of) => Uint32Array.from(of)) };
  };
  return { train: await read('train'), test: await read('test') };
}
