import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeTransformer, Pipeline, StandardScaler } from '@weft/preprocessing';
import { describe, expect, it } from 'vitest';
import { openRun } from '../src/saved-run.js';
import { finishedRun, rowPipeline } from './finished-run.js';
import { scratchFolder } from './tiny-dataset.js';

const { signal } = new AbortController();
const open = (location: string) => openRun(location, { storage: {}, signal });
async function refusal(location: string): Promise<string> {
  const error = (await open(location).catch((reason: unknown) => reason)) as Error;
  expect(error).toMatchObject({ name: 'ClusterError', code: 'run-folder' });
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('openRun', { timeout: 60_000 }, () => {
  it('reads model, classes and pipeline', async () => {
    const plain = await open(await finishedRun());
    expect(plain).toMatchObject({ labelNames: ['upper', 'middle', 'lower'], pipeline: null, imageShape: [4, 4, 1] });
    plain.replica.dispose();
    const made = await open(await finishedRun({ pipeline: await rowPipeline() }));
    expect(made).toMatchObject({ imageShape: [8, 8, 3], pipeline: { text: 'grayscale,resize=4,standardize' } });
    made.replica.dispose();
  });

  it('names what is missing of a finished run', async () => {
    const none = join(scratchFolder(), 'none');
    expect(await refusal(none)).toBe(
      `run folder ${none}: the folder of a finished run expected, it has no config.json`,
    );
    const run = await finishedRun({ pipeline: await rowPipeline() });
    rmSync(join(run, 'model'), { recursive: true });
    expect(await refusal(run)).toMatch(/model\.json: .*no such file/);
    rmSync(join(run, 'preprocessing.safetensors'));
    expect(await refusal(run)).toMatch(/it has no preprocessing\.safetensors$/);
    expect(await refusal('ftp://host/run')).toMatch(/ftp/);
  });

  it('names what does not fit', async () => {
    const dataset = {
      name: 'tiny',
      inputShape: [4, 4, 1],
      dtype: 'uint8',
      labelNames: ['a', 'b', 'c'],
      preprocessing: null,
    };
    const cases: [object, RegExp][] = [
      [{ ...dataset, labelNames: ['a', 'b'] }, /model\/model\.json: 2 outputs expected, got 3$/],
      [{ ...dataset, inputShape: [5] }, /model\/model\.json: 5 inputs expected, got 16$/],
      [{ ...dataset, dtype: 'float32' }, /data set tiny holds real numbers, and nothing says what made them/],
      [{ name: 'tiny' }, /config\.json: dataset\.inputShape: .*; runs of earlier versions cannot predict$/],
    ];
    for (const [over, message] of cases)
      expect(await refusal(await finishedRun({ config: { dataset: over } }))).toMatch(message);
    const run = await finishedRun();
    writeFileSync(join(run, 'config.json'), '{');
    expect(await refusal(run)).toMatch(/config\.json: JSON expected, /);
  });

  it('refuses a pipeline that makes other samples, is not fitted, or is none', async () => {
    const run = await finishedRun({ pipeline: await rowPipeline() });
    const file = join(run, 'preprocessing.safetensors');
    const write = (content: Parameters<typeof encodeTransformer>[0]) =>
      writeFileSync(file, Buffer.concat(encodeTransformer(content)));
    write(Pipeline.parse('grayscale,resize=4', [8, 8, 3]));
    expect(await refusal(run)).toMatch(
      /float32 samples of 4×4×1 expected, grayscale,resize=4 makes uint8 samples of 4×4×1$/,
    );
    write(Pipeline.parse('grayscale,resize=4,standardize', [8, 8, 3]));
    expect(await refusal(run)).toMatch(/a fitted pipeline expected, got pipeline/);
    const rows = { values: Float32Array.of(1, 2), rows: 2, features: 1 };
    write(await new StandardScaler().fit(() => [rows]));
    expect(await refusal(run)).toMatch(/a fitted pipeline expected, got standard-scaler/);
    writeFileSync(file, 'x');
    expect(await refusal(run)).toMatch(/preprocessing\.safetensors: /);
  });
});
