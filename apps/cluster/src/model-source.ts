/** The model of a run, by name or file, checked against the data set. */
import { existsSync } from 'node:fs';
import type { Manifest } from '@weft/hdfs-loader';
import { createModel, describeModel, loadModel, MODELS, type ModelName } from '@weft/models';
import { ClusterError, oneLine, shown } from './errors.js';

export type LayersModel = ReturnType<typeof createModel>;

const isName = (name: string): name is ModelName => Object.hasOwn(MODELS, name);

/**
 * Checks that there is such a model, before anything takes time.
 *
 * @throws {ClusterError} `usage` for what is neither a name nor like a path, `model` for a file that does not exist
 */
export function requireModel(name: string): void {
  if (isName(name)) return;
  const names = Object.keys(MODELS).join(', ');
  if (!/[./\\]/.test(name)) {
    throw new ClusterError(
      'usage',
      `--model: one of ${names} or the path of a tfjs model.json expected, got ${shown(name)}`,
    );
  }
  if (!existsSync(name)) throw new ClusterError('model', `--model ${name}: no such file`);
}

/**
 * Makes a named model for the data set's shape and classes, or loads a model.json with its weights.
 *
 * @throws {ClusterError} `model` when the file cannot be read, or the model's input or output does not fit the data
 */
export async function resolveModel(name: string, o: { manifest: Manifest; seed: number }): Promise<LayersModel> {
  const { inputShape, classes } = o.manifest;
  requireModel(name);
  let model: LayersModel | undefined;
  try {
    if (isName(name)) return createModel(name, { seed: o.seed, inputShape, classes });
    model = await loadModel(name);
    checkFits(model, name, o.manifest);
    return model;
  } catch (error) {
    model?.dispose();
    if (error instanceof ClusterError) throw error;
    throw new ClusterError('model', `--model ${name}: ${oneLine(error)}`, { cause: error });
  }
}

function checkFits(model: LayersModel, name: string, manifest: Manifest): void {
  const { inputShape, classes, name: dataset } = manifest;
  const { features, outputs, inputShape: takes } = describeModel(model);
  const given = inputShape.reduce((a, b) => a * b, 1);
  if (features !== given) {
    throw new ClusterError(
      'model',
      `--model ${name}: takes ${takes.join('×')} (${features} values), data set ${dataset} has ${inputShape.join('×')} (${given})`,
    );
  }
  if (outputs !== classes) {
    throw new ClusterError(
      'model',
      `--model ${name}: has ${outputs} outputs, data set ${dataset} has ${classes} classes`,
    );
  }
}
