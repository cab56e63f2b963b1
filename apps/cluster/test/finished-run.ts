/** Run folders that need no training: a model whose weights are known. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getState, modelFromJson } from '@weft/models';
import { encodeTransformer, Pipeline } from '@weft/preprocessing';
import { PREPROCESSING_FILE, RunFolder } from '../src/run-folder.js';
import { png } from './png.js';
import { scratchFolder } from './tiny-dataset.js';

const SIDE = 4;

/** softmax of the sums of rows 0, 1 and 2 of a 4×4 image: the brightest row is the class. */
function rowModel() {
  const layers = [
    { class_name: 'Flatten', config: { name: 'flatten', batch_input_shape: [null, SIDE, SIDE, 1] } },
    { class_name: 'Dense', config: { name: 'rows', units: 3, activation: 'softmax' } },
  ];
  return modelFromJson(JSON.stringify({ class_name: 'Sequential', config: { name: 'rows', layers } }));
}
/** kernel [16, 3], then bias [3]. */
const rowWeights = Float32Array.from({ length: 51 }, (_, i) => (i < 48 && Math.floor(i / 12) === i % 3 ? 1 : 0));

/** 8×8 colour images made 4×4×1 and centred, each value by itself. */
export async function rowPipeline(): Promise<Pipeline> {
  const pipeline = Pipeline.parse('grayscale,resize=4,standardize', [8, 8, 3]);
  const values = Uint8Array.from({ length: 20 * 192 }, (_, i) => (i * 7919) % 256);
  return pipeline.fit(() => [{ values, rows: 20, features: 192 }]);
}

/** The folder of a run of the row model, on 4×4×1 pixels, or on what a pipeline makes. */
export async function finishedRun(o: { pipeline?: Pipeline; config?: object } = {}): Promise<string> {
  const { pipeline } = o;
  const folder = await RunFolder.create(join(scratchFolder(), 'run'), { trainer: 'single', storage: {} });
  const dataset = {
    name: 'tiny',
    inputShape: [SIDE, SIDE, 1],
    dtype: pipeline ? 'float32' : 'uint8',
    labelNames: ['upper', 'middle', 'lower'],
    preprocessing: pipeline?.text ?? null,
  };
  const normalization = pipeline ? { scale: 1, shift: 0 } : { scale: 1 / 255, shift: 0 };
  await folder.writeJson('config.json', { dataset, normalization, ...o.config });
  const model = rowModel();
  await folder.writeWeights(model, { parameters: rowWeights, state: getState(model), metadata: {} });
  model.dispose();
  if (pipeline) writeFileSync(join(folder.location, PREPROCESSING_FILE), Buffer.concat(encodeTransformer(pipeline)));
  return folder.location;
}

/** A square image whose quarter of this number, from above, is white. */
export function rowImage(row: number, o: { side?: number; channels?: 1 | 3 } = {}): Buffer {
  const { side = SIDE, channels = 1 } = o;
  const inRow = (i: number): boolean => Math.floor((4 * Math.floor(i / (side * channels))) / side) === row;
  const pixels = Uint8Array.from({ length: side * side * channels }, (_, i) => (inRow(i) ? 255 : 0));
  return png(pixels, { height: side, width: side, channels });
}

/** Writes images into a folder. */
export function imageFiles(images: Readonly<Record<string, Buffer | string>>): (name: string) => string {
  const dir = scratchFolder();
  for (const [name, content] of Object.entries(images)) writeFileSync(join(dir, name), content);
  return (name) => join(dir, name);
}
