/**
 * runs/<id>/: config.json, metrics.jsonl, report.json, logs/, the final weights in two formats, and preprocessing.safetensors where the
 * data set was preprocessed; in any storage.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStorage, openStorage, type Storage, type StorageOptions } from '@weft/hdfs-loader';
import { layoutOf, saveModel, setParameters, setState, stateLayoutOf } from '@weft/models';
import { encodeSafetensors, type Tensor } from '@weft/safetensors';
import type { Vector } from '@weft/trainer';
import { ClusterError, interrupted, oneLine } from './errors.js';
import type { LayersModel } from './model-source.js';

/** The fitted pipeline that made the data set. */
export const PREPROCESSING_FILE = 'preprocessing.safetensors';
const LOGS = 'logs';
/** How long a run that has failed may still write: its storage may be what failed it. */
const LAST_WORDS_MS = 10_000;

interface Place {
  /** A path of this machine or a URL. */
  readonly location: string;
  readonly storage: Storage;
  readonly path: string;
  /** Where on this machine logs and models are written: the run folder itself, or else a temporary one. */
  readonly workDir: string;
}

export class RunFolder {
  readonly location: string;
  /** On this machine. */
  readonly logDir: string;
  readonly #place: Place;
  readonly #isHere: boolean;
  #lines = '';
  #hasMetrics = false;
  #writing: Promise<void> = Promise.resolve();

  private constructor(place: Place) {
    this.#place = place;
    this.#isHere = place.workDir === place.path;
    this.location = place.location;
    this.logDir = join(place.workDir, LOGS);
  }

  /**
   * Makes the folder of a run.
   *
   * @param location where, in any storage; null for runs/<time>-<trainer>-<4 hex digits> below the working directory
   * @param o.storage how HDFS is reached
   * @throws {ClusterError} `run-folder` when it cannot be made, or holds something already; `interrupted`
   */
  static async create(
    location: string | null,
    o: { trainer: string; storage: StorageOptions; signal?: AbortSignal },
  ): Promise<RunFolder> {
    const time = new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
    const asked = location ?? join('runs', `${time}-${o.trainer}-${randomBytes(2).toString('hex')}`);
    const { signal } = o;
    let storage: Storage | undefined;
    let shown = asked;
    try {
      const opened = openStorage(asked, o.storage);
      ({ storage } = opened);
      const { path } = opened;
      const isHere = storage.root === 'file:';
      if (isHere) shown = path;
      await storage.mkdirs(path, { signal });
      for await (const _ of storage.list(path, { signal }))
        throw new Error('an empty or new folder expected, it holds files');
      const workDir = isHere ? path : await mkdtemp(join(tmpdir(), 'weft-run-'));
      const folder = new RunFolder({ location: shown, storage, path, workDir });
      await mkdir(folder.logDir);
      return folder;
    } catch (error) {
      await storage?.close();
      if (signal?.aborted) throw interrupted();
      throw new ClusterError('run-folder', `--run-dir ${shown}: ${oneLine(error)}`, { cause: error });
    }
  }

  /**
   * Writes a JSON file under its final name only when it is whole.
   *
   * @throws {ClusterError} `run-folder`
   */
  async writeJson(name: string, value: unknown): Promise<void> {
    await this.#write(name, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
  }

  /**
   * Writes a file as it comes.
   *
   * @param content what it throws, where that is a ClusterError, is thrown
   * @throws {ClusterError} `run-folder`
   */
  async copyIn(name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#write(name, content);
  }

  /**
   * Takes one line for metrics.jsonl: written at once on this machine, else with the next `flush`.
   *
   * @throws {ClusterError} `run-folder`, as every later call then does
   */
  async metric(line: Record<string, unknown>): Promise<void> {
    this.#lines += `${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`;
    if (this.#isHere) await this.flush();
  }

  /** Writes the lines that wait. @throws {ClusterError} `run-folder` */
  async flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#appendLines());
    await this.#writing;
  }

  /**
   * Puts the weights into a model, and writes them as weights.safetensors and as a model.json that tf.loadLayersModel opens.
   *
   * @param o.state the weights that are not trained
   * @throws {ClusterError} `run-folder`
   */
  async writeWeights(
    model: LayersModel,
    o: { parameters: Vector; state: Vector; metadata: Record<string, string> },
  ): Promise<void> {
    setParameters(model, o.parameters);
    setState(model, o.state);
    const tensors = { ...tensorsOf(layoutOf(model), o.parameters), ...tensorsOf(stateLayoutOf(model), o.state) };
    await this.#write('weights.safetensors', encodeSafetensors(tensors, o.metadata));
    try {
      await saveModel(model, join(this.#place.workDir, 'model'));
      await this.#publish('model');
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  /**
   * Writes what still waits, and brings the logs to where the run folder is. Where that fails, and where the run has failed, they stay
   * on this machine too: its error names them. A failed run waits ten seconds at most for its storage.
   *
   * @throws {ClusterError} `run-folder`
   */
  async close(o: { failed: boolean }): Promise<void> {
    const { storage, workDir } = this.#place;
    // What is pending is rejected then.
    let isLate = false;
    const giveUp = (): void => {
      isLate = true;
      void storage.close();
    };
    const late = o.failed ? setTimeout(giveUp, LAST_WORDS_MS) : undefined;
    try {
      await this.flush();
      await this.#publish(LOGS);
      if (!this.#isHere && !o.failed) await rm(workDir, { recursive: true, force: true });
    } catch (error) {
      if (isLate) throw cannotWrite(new Error(`no answer in ${LAST_WORDS_MS / 1000} s; logs: ${this.logDir}`));
      throw error instanceof ClusterError ? error : cannotWrite(error);
    } finally {
      clearTimeout(late);
      await storage.close();
    }
  }

  async #appendLines(): Promise<void> {
    if (this.#lines === '') return;
    const { storage, path } = this.#place;
    const file = `${path}/metrics.jsonl`;
    const bytes = Buffer.from(this.#lines);
    this.#lines = '';
    try {
      if (this.#hasMetrics) await storage.append(file, bytes);
      else await storage.write(file, bytes);
      this.#hasMetrics = true;
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  async #write(name: string, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const { storage, path } = this.#place;
    try {
      await storage.write(`${path}/${name}`, parts, { overwrite: true });
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  /** Copies a folder that was made on this machine to where the run folder is. */
  async #publish(name: string): Promise<void> {
    if (this.#isHere) return;
    const { storage, path, workDir } = this.#place;
    const here = fileStorage();
    for await (const file of here.list(join(workDir, name))) {
      await storage.write(`${path}/${name}/${file.name}`, here.read(file.path), { overwrite: true });
    }
  }
}

function cannotWrite(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  return new ClusterError('run-folder', `run folder: ${oneLine(error)}`, { cause: error });
}

function tensorsOf(layout: ReturnType<typeof layoutOf>, vector: Vector): Record<string, Tensor> {
  const entries = layout.map(({ name, shape, offset, length }) => {
    const data = Float32Array.from(vector.subarray(offset, offset + length));
    return [name, { dtype: 'F32', shape: [...shape], data }] as const;
  });
  return Object.fromEntries(entries);
}
