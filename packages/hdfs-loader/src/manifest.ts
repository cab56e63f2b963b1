import { z } from 'zod';
import { LoaderError } from './errors.js';
import { DTYPES, type Dtype, featureCount } from './samples.js';
import type { WrittenShard } from './shard-writer.js';
import type { SubsetName } from './sources/source.js';
import { locationIn } from './storage/location.js';
import { readWhole } from './storage/read-whole.js';
import type { CallOptions, Storage } from './storage/storage.js';

/** One file of a subset. */
export interface ShardManifest {
  /** File name, beside the manifest. */
  readonly file: string;
  readonly samples: number;
  readonly bytes: number;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
}

/** One subset: training or test. */
export interface SubsetManifest {
  readonly samples: number;
  /** Samples of each class, by index. */
  readonly perClass: readonly number[];
  /** Smallest and largest value of all its inputs, real numbers where they are; [0, 0] where it is empty. Fitting a min-max scaler needs no pass over the data. */
  readonly range: readonly [number, number];
  readonly shards: readonly ShardManifest[];
}

/** What manifest.json says about a data set. */
export interface Manifest {
  readonly format: 'weft-dataset';
  readonly version: 2;
  readonly name: string;
  /** 'official', 'npm', or another source's own. */
  readonly split: string;
  /** What one must know before comparing results. */
  readonly note: string;
  /** Shape of one sample, [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** uint8: pixels, which training brings to [0, 1]. float32: what preprocessing made, which is trained on as it is. */
  readonly dtype: Dtype;
  readonly classes: number;
  readonly labelNames: readonly string[];
  readonly subsets: { readonly train: SubsetManifest; readonly test: SubsetManifest };
  /** What has made the samples out of images. */
  readonly preprocessing?: Preprocessing | undefined;
}

/** How the samples of a data set were made, so that a photograph can be made alike. */
export interface Preprocessing {
  /** The fitted pipeline, beside the manifest. */
  readonly file: string;
  /** The same in words, as `grayscale,resize=128,pca=784`. */
  readonly steps: string;
}

/** Beside the shards. */
export const MANIFEST_FILE = 'manifest.json';

const count = z.int().nonnegative();
/** A manifest must not point out of its own folder. */
const plainName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'expected a plain file name');
const subset = z.object({
  samples: count,
  perClass: z.array(count),
  range: z.tuple([z.number(), z.number()]),
  shards: z.array(
    z.object({
      file: plainName,
      samples: z.int().positive(),
      bytes: z.int().positive(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
    }),
  ),
});
const schema = z.object({
  format: z.literal('weft-dataset'),
  version: z.literal(2, 'expected version 2: made by another version of weft, ingest it again'),
  name: z.string().min(1),
  split: z.string().min(1),
  note: z.string(),
  inputShape: z.array(z.int().positive()).min(1),
  dtype: z.enum(Object.keys(DTYPES) as Dtype[], 'expected uint8 or float32'),
  classes: z.int().positive().max(65536),
  labelNames: z.array(z.string()),
  subsets: z.object({ train: subset, test: subset }),
  preprocessing: z.object({ file: plainName, steps: z.string().min(1) }).optional(),
});

/**
 * Parses and checks the text of a manifest: every field, and that counts add up.
 *
 * @param where the file, for messages
 * @throws LoaderError INVALID_MANIFEST, naming the field
 */
export function parseManifest(text: string, where: string): Manifest {
  const refuse = (what: string, cause?: unknown) => new LoaderError('INVALID_MANIFEST', `${where}: ${what}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`expected JSON, got ${(cause as Error).message}`, cause);
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw refuse(`${issue.path.join('.') || 'manifest'}: ${issue.message}`, result.error);
  }
  const manifest: Manifest = result.data;
  const { classes, labelNames, subsets } = manifest;
  if (labelNames.length !== classes) throw refuse(`expected ${classes} labelNames, got ${labelNames.length}`);
  if (!Number.isSafeInteger(featureCount(manifest.inputShape))) throw refuse('inputShape: too large');
  for (const [name, { samples, perClass, range, shards }] of Object.entries(subsets)) {
    const [min, max] = range;
    const isPixels = range.every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
    if (min > max || (manifest.dtype === 'uint8' && !isPixels))
      throw refuse(`${name}.range: expected a range of ${manifest.dtype} values, got [${min}, ${max}]`);
    if (perClass.length !== classes)
      throw refuse(`${name}.perClass: expected ${classes} counts, got ${perClass.length}`);
    const sums = { perClass: sum(perClass), shards: sum(shards.map((shard) => shard.samples)) };
    for (const [field, total] of Object.entries(sums)) {
      if (total !== samples) throw refuse(`${name}.${field}: expected ${samples} samples in all, got ${total}`);
    }
    if (new Set(shards.map((shard) => shard.file)).size !== shards.length)
      throw refuse(`${name}: a shard stands twice`);
  }
  return manifest;
}

/**
 * The manifest of written shards.
 *
 * @param shards by subset, in their order
 * @example const manifest = manifestOf({ name, split, note, inputShape, dtype: 'float32', labelNames }, { train, test });
 */
export function manifestOf(
  described: Omit<Manifest, 'format' | 'version' | 'subsets' | 'classes'>,
  shards: Readonly<Record<SubsetName, readonly WrittenShard[]>>,
): Manifest {
  const { name, split, note, inputShape, dtype, labelNames, preprocessing } = described;
  const classes = labelNames.length;
  const subsets = { train: subsetOf(shards.train, classes), test: subsetOf(shards.test, classes) };
  const first = { format: 'weft-dataset', version: 2, name, split, note, inputShape, dtype, classes } as const;
  return { ...first, labelNames, subsets, ...(preprocessing && { preprocessing }) };
}

function subsetOf(shards: readonly WrittenShard[], classes: number): SubsetManifest {
  const perClass = new Array<number>(classes).fill(0);
  for (const shard of shards) for (const [label, n] of shard.perClass.entries()) perClass[label]! += n;
  let range = shards[0]?.range ?? [0, 0];
  for (const { range: other } of shards) range = [Math.min(range[0], other[0]), Math.max(range[1], other[1])];
  return {
    samples: sum(shards.map(({ samples }) => samples)),
    perClass,
    range,
    shards: shards.map(({ file, samples, bytes, sha256 }) => ({ file, samples, bytes, sha256 })),
  };
}

/**
 * Reads the manifest of a data set's folder.
 *
 * @throws LoaderError INVALID_MANIFEST, and what the storage throws
 */
export async function readManifest(storage: Storage, dir: string, options: CallOptions = {}): Promise<Manifest> {
  const path = `${dir}/${MANIFEST_FILE}`;
  const where = locationIn(storage, path);
  let text: string;
  try {
    text = (await readWhole(storage, path, options)).toString('utf8');
  } catch (cause) {
    if (!(cause instanceof LoaderError) || cause.code !== 'NOT_FOUND') throw cause;
    throw new LoaderError('INVALID_MANIFEST', `${where}: no such file: not a data set, or a half-written one`, {
      cause,
    });
  }
  return parseManifest(text, where);
}

/** Writes the manifest of a folder, whole or not at all. @throws LoaderError what the storage throws */
export async function writeManifest(
  storage: Storage,
  dir: string,
  manifest: Manifest,
  options: CallOptions = {},
): Promise<void> {
  const text = JSON.stringify(manifest, null, 2) + '\n';
  await storage.write(`${dir}/${MANIFEST_FILE}`, Buffer.from(text), { ...options, overwrite: true });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
