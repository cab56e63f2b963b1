/** tfjs layers-models on disk: model.json with the topology and a manifest, weight files beside it. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ModelError, messageOf } from './errors.js';
import { tf } from './tf.js';

interface ManifestGroup {
  paths: string[];
  weights: tf.io.WeightsManifestEntry[];
}

interface ModelJson {
  format?: string;
  modelTopology?: object;
  weightsManifest?: ManifestGroup[];
}

/**
 * Reads a layers-model: topology and weights, quantised weights decoded.
 *
 * @param path the model.json; weight files are looked for beside it
 * @throws ModelError `bad-model-file`, naming the file: unreadable, not JSON, a graph-model, without weights, a missing or
 *   short weight file, an unknown layer, weights that are not the topology's
 * @example const model = await loadModel('runs/latest/model.json');
 */
export async function loadModel(path: string): Promise<tf.LayersModel> {
  const fail = (problem: string, cause?: unknown) => new ModelError('bad-model-file', `${path}: ${problem}`, { cause });
  const json = parseModelJson(await readOrFail(path), fail);
  const weights: Buffer[] = [];
  for (const { paths, weights: entries } of json.weightsManifest) {
    const parts = await Promise.all(paths.map((name) => readOrFail(join(dirname(path), name))));
    const group = Buffer.concat(parts);
    const expected = entries.reduce((bytes, entry) => bytes + byteLength(entry), 0);
    if (group.length !== expected) {
      const files = paths.map((name) => join(dirname(path), name)).join(', ');
      throw new ModelError('bad-model-file', `${files}: ${expected} bytes of weights expected, got ${group.length}`);
    }
    weights.push(group);
  }
  const bytes = new Uint8Array(Buffer.concat(weights));
  const artifacts: tf.io.ModelArtifacts = {
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: bytes.buffer,
  };
  try {
    return await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  } catch (cause) {
    throw fail(messageOf(cause), cause);
  }
}

/**
 * Writes a layers-model: dir/model.json and dir/weights.bin (float32, little-endian), which `tf.loadLayersModel` opens. The
 * folder is made; each file is renamed into place, model.json last.
 *
 * @example await saveModel(model, 'runs/latest'); // then tf.loadLayersModel('http://…/runs/latest/model.json')
 */
export async function saveModel(model: tf.LayersModel, dir: string): Promise<void> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((given) => {
      artifacts = given;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } });
    }),
  );
  const { modelTopology, weightSpecs = [], weightData } = artifacts ?? {};
  const weights = Buffer.from(tf.io.CompositeArrayBuffer.join(weightData as ArrayBuffer));
  const json = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version['tfjs-layers']}`,
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  await mkdir(dir, { recursive: true });
  await replaceFile(join(dir, 'weights.bin'), weights);
  await replaceFile(join(dir, 'model.json'), JSON.stringify(json));
}

function parseModelJson(
  text: Buffer,
  fail: (problem: string, cause?: unknown) => ModelError,
): Required<Pick<ModelJson, 'modelTopology' | 'weightsManifest'>> {
  let json: ModelJson | null;
  try {
    json = JSON.parse(text.toString('utf8')) as ModelJson | null;
  } catch (cause) {
    throw fail(`JSON expected, ${messageOf(cause)}`, cause);
  }
  const { format, modelTopology, weightsManifest } = json ?? {};
  if (format === 'graph-model') throw fail('a layers-model expected, got a graph-model, which has no layers to train');
  if (format !== undefined && format !== 'layers-model')
    throw fail(`a layers-model expected, got format ${JSON.stringify(format)}`);
  if (typeof modelTopology !== 'object' || modelTopology === null)
    throw fail('a model.json with modelTopology expected');
  const groups = Array.isArray(weightsManifest) ? weightsManifest : [];
  if (!groups.every((group) => Array.isArray(group?.paths) && Array.isArray(group.weights))) {
    throw fail('weightsManifest: groups of paths and weights expected');
  }
  if (groups.every((group) => group.weights.length === 0))
    throw fail('a weightsManifest expected, the model has no weights');
  return { modelTopology, weightsManifest: groups };
}

/** Bytes that an entry takes in the weight files. */
function byteLength(entry: tf.io.WeightsManifestEntry): number {
  const dtype = entry.quantization?.dtype ?? entry.dtype;
  const size: Record<string, number> = { uint8: 1, bool: 1, uint16: 2, float16: 2 };
  return entry.shape.reduce((n, dimension) => n * dimension, 1) * (size[dtype] ?? 4);
}

async function readOrFail(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const problem = code === 'ENOENT' ? 'no such file' : messageOf(cause);
    throw new ModelError('bad-model-file', `${path}: ${problem}`, { cause });
  }
}

async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
