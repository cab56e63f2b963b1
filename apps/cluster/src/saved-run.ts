/** A finished run, read from its folder: all that prediction needs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileStorage, LoaderError, openStorage, type Storage, type StorageOptions } from '@weft/hdfs-loader';
import { createReplica, describeModel, loadModel, type Replica } from '@weft/models';
import { decodeTransformer, Pipeline } from '@weft/preprocessing';
import { z } from 'zod';
import { tensorflowDir } from './config.js';
import { ClusterError, interrupted, oneLine } from './errors.js';
import type { LayersModel } from './model-source.js';
import { PREPROCESSING_FILE } from './run-folder.js';

/** A model that was trained, and what its inputs are made of. */
export interface SavedRun {
  readonly replica: Replica;
  /** Name of each class, by index. */
  readonly labelNames: readonly string[];
  /** What makes the model's inputs of an image; null where they are the image's pixels. */
  readonly pipeline: Pipeline | null;
  /** [height, width, channels] that an image is decoded to. */
  readonly imageShape: readonly number[];
}

const CONFIG = z.object({
  dataset: z.object({
    name: z.string(),
    inputShape: z.array(z.int().positive()).min(1),
    dtype: z.enum(['uint8', 'float32']),
    labelNames: z.array(z.string()).min(1),
    preprocessing: z.string().nullable(),
  }),
  normalization: z.object({ scale: z.number(), shift: z.number() }),
});
type SavedDataset = z.infer<typeof CONFIG>['dataset'];

interface Folder {
  readonly storage: Storage;
  readonly path: string;
  readonly signal: AbortSignal;
}

/**
 * Reads the folder of a finished run and starts its model on the fastest engine.
 *
 * @param location of the run folder, in any storage
 * @throws {ClusterError} `run-folder` when it is no finished run, or its parts do not fit each other; `interrupted`
 * @example const { replica, labelNames } = await openRun('runs/2026-01-01-adag', { storage: {}, signal });
 */
export async function openRun(
  location: string,
  o: { readonly storage: StorageOptions; readonly signal: AbortSignal },
): Promise<SavedRun> {
  const { signal } = o;
  const refuse = (cause: unknown): ClusterError =>
    new ClusterError('run-folder', `run folder ${location}: ${oneLine(cause)}`, { cause });
  let storage: Storage | undefined;
  try {
    const opened = openStorage(location, o.storage);
    ({ storage } = opened);
    return await readRun({ ...opened, signal });
  } catch (error) {
    throw signal.aborted ? interrupted() : refuse(error);
  } finally {
    await storage?.close();
  }
}

async function readRun(folder: Folder): Promise<SavedRun> {
  const { dataset, normalization } = await readConfig(folder);
  const pipeline = dataset.preprocessing === null ? null : await readPipeline(folder, dataset);
  const model = await readModel(folder);
  try {
    const { features, outputs } = describeModel(model);
    requireSame('inputs', features, product(dataset.inputShape));
    requireSame('outputs', outputs, dataset.labelNames.length);
    if (pipeline === null && dataset.dtype === 'float32')
      throw new Error(`data set ${dataset.name} holds real numbers, and nothing says what made them of images`);
    const { signal } = folder;
    const replica = await createReplica({ model, normalization, tensorflowDir: tensorflowDir(process.env), signal });
    const imageShape = pipeline?.inputShape ?? dataset.inputShape;
    return { replica, labelNames: dataset.labelNames, pipeline, imageShape };
  } finally {
    model.dispose();
  }
}

function requireSame(what: string, got: number, expected: number): void {
  if (got !== expected) throw new Error(`model/model.json: ${expected} ${what} expected, got ${got}`);
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

async function readConfig(folder: Folder): Promise<z.infer<typeof CONFIG>> {
  const text = Buffer.from(await readFile(folder, 'config.json')).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`config.json: JSON expected, ${oneLine(cause)}`, { cause });
  }
  const result = CONFIG.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new Error(`config.json: ${path.join('.') || 'config'}: ${message}; runs of earlier versions cannot predict`);
}

async function readPipeline(folder: Folder, { inputShape, dtype }: SavedDataset): Promise<Pipeline> {
  const transformer = decodeTransformer(await readFile(folder, PREPROCESSING_FILE), PREPROCESSING_FILE);
  if (!(transformer instanceof Pipeline) || !transformer.isFitted)
    throw new Error(`${PREPROCESSING_FILE}: a fitted pipeline expected, got ${transformer.kind}`);
  const { sampleShape, inputType } = transformer;
  if (inputType !== 'uint8') throw new Error(`${PREPROCESSING_FILE}: a pipeline of images expected, got ${inputType}`);
  if (sampleShape.join() === inputShape.join() && transformer.dtype === dtype) return transformer;
  const made = `${transformer.dtype} samples of ${sampleShape.join('×')}`;
  throw new Error(
    `${PREPROCESSING_FILE}: ${dtype} samples of ${inputShape.join('×')} expected, ${transformer.text} makes ${made}`,
  );
}

/** The model reader wants files of this machine. */
async function readModel({ storage, path, signal }: Folder): Promise<LayersModel> {
  if (storage.root === 'file:') return loadModel(join(path, 'model', 'model.json'));
  const here = fileStorage();
  const copy = await mkdtemp(join(tmpdir(), 'weft-model-'));
  try {
    for await (const file of storage.list(`${path}/model`, { signal }))
      await here.write(join(copy, file.name), storage.read(file.path, { signal }), { signal });
    return await loadModel(join(copy, 'model.json'));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function readFile({ storage, path, signal }: Folder, name: string): Promise<Uint8Array> {
  try {
    const { length } = await storage.stat(`${path}/${name}`, { signal });
    const bytes = new Uint8Array(length);
    await storage.readInto(`${path}/${name}`, bytes, { signal });
    return bytes;
  } catch (error) {
    if (!(error instanceof LoaderError) || error.code !== 'NOT_FOUND') throw error;
    throw new Error(`the folder of a finished run expected, it has no ${name}`, { cause: error });
  }
}
