/** runs/<id>/: config.json, metrics.jsonl, report.json, logs/, and the final weights in two formats. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { layoutOf, saveModel, setParameters, setState, stateLayoutOf } from '@weft/models';
import { type Tensor, writeSafetensors } from '@weft/safetensors';
import type { Vector } from '@weft/trainer';
import { ClusterError, oneLine } from './errors.js';
import type { LayersModel } from './model-source.js';

export class RunFolder {
  readonly dir: string;
  readonly logDir: string;

  private constructor(dir: string) {
    this.dir = dir;
    this.logDir = join(dir, 'logs');
  }

  /**
   * Makes the folder of a run.
   *
   * @param dir where; null for runs/<time>-<trainer>-<4 hex digits> below the working directory
   * @throws {ClusterError} `run-folder` when it cannot be made, or holds something already
   */
  static create(dir: string | null, trainer: string): RunFolder {
    const time = new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
    const folder = new RunFolder(resolve(dir ?? join('runs', `${time}-${trainer}-${randomBytes(2).toString('hex')}`)));
    try {
      makeFolder(folder.dir);
      if (readdirSync(folder.dir).length > 0) throw new Error('an empty or new folder expected, it holds files');
      mkdirSync(folder.logDir);
    } catch (error) {
      throw new ClusterError('run-folder', `--run-dir ${folder.dir}: ${oneLine(error)}`, { cause: error });
    }
    return folder;
  }

  /**
   * Writes a JSON file under its final name only when it is whole.
   *
   * @throws {ClusterError} `run-folder`
   */
  writeJson(name: string, value: unknown): void {
    const path = join(this.dir, name);
    try {
      writeFileSync(`${path}.tmp`, `${JSON.stringify(value, null, 2)}\n`);
      renameSync(`${path}.tmp`, path);
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  /**
   * Appends one line to metrics.jsonl.
   *
   * @throws {ClusterError} `run-folder`
   */
  metric(line: Record<string, unknown>): void {
    const text = `${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`;
    try {
      appendFileSync(join(this.dir, 'metrics.jsonl'), text);
    } catch (error) {
      throw cannotWrite(error);
    }
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
    try {
      await writeSafetensors(join(this.dir, 'weights.safetensors'), tensors, o.metadata);
      await saveModel(model, join(this.dir, 'model'));
    } catch (error) {
      throw cannotWrite(error);
    }
  }
}

/** Like mkdir -p. Node's own never returns where a file system refuses with ENOENT, as /proc does. */
function makeFolder(dir: string): void {
  try {
    mkdirSync(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(dir).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(dir))) throw error;
    makeFolder(dirname(dir));
    mkdirSync(dir);
  }
}

function cannotWrite(error: unknown): ClusterError {
  return new ClusterError('run-folder', `run folder: ${oneLine(error)}`, { cause: error });
}

function tensorsOf(layout: ReturnType<typeof layoutOf>, vector: Vector): Record<string, Tensor> {
  const entries = layout.map(({ name, shape, offset, length }) => {
    const data = Float32Array.from(vector.subarray(offset, offset + length));
    return [name, { dtype: 'F32', shape: [...shape], data }] as const;
  });
  return Object.fromEntries(entries);
}
