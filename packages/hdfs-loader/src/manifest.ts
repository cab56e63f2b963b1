import { z } from 'zod';
import { LoaderError } from './errors.js';
import { featureCount } from './samples.js';
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
  /** Smallest and largest value of all its inputs; [0, 0] where it is empty. Fitting a min-max scaler needs no pass over the data. */
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
  readonly dtype: 'uint8';
  readonly classes: number;
  readonly labelNames: readonly string[];
  readonly subsets: { readonly train: SubsetManifest; readonly test: SubsetManifest };
}

/** Beside the shards. */
export const MANIFEST_FILE = 'manifest.json';

const count = z.int().nonnegative();
const subset = z.object({
  samples: count,
  perClass: z.array(count),
  range: z.tuple([z.int().min(0).max(255), z.int().min(0).max(255)]),
  shards: z.array(
    z.object({
      // A plain name: a manifest must not point out of its own folder.
      file: z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'expected a plain file name'),
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
  dtype: z.literal('uint8'),
  classes: z.int().positive().max(65536),
  labelNames: z.array(z.string()),
  subsets: z.object({ train: subset, test: subset }),
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
  for (const [name, { samples, perClass, shards }] of Object.entries(subsets)) {
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
