/** What a trained model says of photographs: `import { predict } from '@weft/cluster'`. */
import { openStorage, readPhotograph, type Storage, type StorageOptions, type Values } from '@weft/hdfs-loader';
import { ClusterError, interrupted, oneLine } from './errors.js';
import { openRun, type SavedRun } from './saved-run.js';

/** One class of one image. */
export interface ClassScore {
  readonly label: number;
  readonly name: string;
  /** The model's output, which is one behind a softmax or sigmoid. */
  readonly probability: number;
}

/** What came of one image. */
export type Prediction =
  /** The best classes first. */
  | { readonly image: string; readonly classes: readonly ClassScore[] }
  /** It could not be read; the message is one line that names it. */
  | { readonly image: string; readonly error: ClusterError };

export interface PredictOptions {
  /** Classes of an image. Default 3. */
  readonly top?: number;
  /** How HDFS is reached. */
  readonly storage?: StorageOptions;
  readonly signal?: AbortSignal;
}

/** Images that are read and decoded at a time. */
const IN_FLIGHT = 8;
const TOP = 3;

/**
 * Predicts the classes of photographs with the model of a finished run: each is decoded as ingest does, goes through the pipeline that
 * made the run's data set, and through the model. One that cannot be read does not stop the others.
 *
 * @param run the run folder, in any storage
 * @param images paths or hdfs:// locations of image files
 * @returns the predictions, in the order of the images, as they come
 * @throws {ClusterError} `run-folder` when it is no finished run; `interrupted`
 * @example for await (const p of predict('runs/latest', ['me.jpg'])) console.log(p);
 */
export async function* predict(
  run: string,
  images: readonly string[],
  options: PredictOptions = {},
): AsyncGenerator<Prediction> {
  const { top = TOP, storage = {}, signal = new AbortController().signal } = options;
  const saved = await openRun(run, { storage, signal });
  const photographs = new Photographs(storage);
  try {
    for (let at = 0; at < images.length; at += IN_FLIGHT) {
      const few = images.slice(at, at + IN_FLIGHT);
      const inputs = await Promise.allSettled(few.map((image) => photographs.inputsOf(image, saved, signal)));
      if (signal.aborted) throw interrupted();
      for (const [i, image] of few.entries()) {
        const made = inputs[i]!;
        yield made.status === 'fulfilled'
          ? { image, classes: await bestOf(saved, made.value, top) }
          : { image, error: unreadable(image, made.reason) };
      }
    }
  } finally {
    saved.replica.dispose();
    await photographs.close();
  }
}

async function bestOf({ replica, labelNames }: SavedRun, inputs: Values, top: number): Promise<ClassScore[]> {
  const outputs = await replica.predict({ inputs, size: 1 });
  const classes = labelNames.map((name, label): ClassScore => ({ label, name, probability: outputs[label]! }));
  return classes.sort((a, b) => b.probability - a.probability || a.label - b.label).slice(0, top);
}

function unreadable(image: string, cause: unknown): ClusterError {
  const line = oneLine(cause);
  return new ClusterError('data', line.includes(image) ? line : `${image}: ${line}`, { cause });
}

/** Image files of any storages, each of which is opened once. */
class Photographs {
  readonly #options: StorageOptions;
  readonly #storages = new Map<string, Storage>();

  constructor(options: StorageOptions) {
    this.#options = options;
  }

  /** What the model takes of an image. */
  async inputsOf(image: string, { pipeline, imageShape }: SavedRun, signal: AbortSignal): Promise<Values> {
    const pixels = await readPhotograph(await this.#open(image), imageShape, { signal });
    if (!pipeline) return pixels;
    const { values, features } = await pipeline.transform({ values: pixels, rows: 1, features: pixels.length });
    return (values as Values).subarray(0, features);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#storages.values()].map((storage) => storage.close()));
  }

  async #open(image: string): Promise<{ storage: Storage; path: string }> {
    const { storage, path } = openStorage(image, this.#options);
    const known = this.#storages.get(storage.root);
    if (known) await storage.close();
    else this.#storages.set(storage.root, storage);
    return { storage: known ?? storage, path };
  }
}
