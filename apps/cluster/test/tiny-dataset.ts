import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type InMemory, type Samples, samplesSource, writeDataset } from '@weft/hdfs-loader';
import { createModel, modelFromJson, modelToJson } from '@weft/models';
import { onTestFinished } from 'vitest';
import type { LayersModel } from '../src/model-source.js';

/** An empty folder that goes when the test ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-cluster-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const SIDE = 4;
const FEATURES = SIDE * SIDE;

/** Noise whose upper, middle or lower rows are brighter: three classes that a small model tells apart. */
function samples(count: number, seed: number): Samples {
  let state = seed;
  const random = (): number => {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const labels = Uint16Array.from({ length: count }, (_, i) => i % 3);
  const inputs = Uint8Array.from({ length: count * FEATURES }, (_, i) => {
    const row = Math.floor((i % FEATURES) / SIDE);
    return (row === labels[Math.floor(i / FEATURES)] ? 128 : 0) + random() * 127;
  });
  // The range is the whole of uint8: x ← x/255.
  inputs[0] = 0;
  inputs[1] = 255;
  return { inputs, labels, count, features: FEATURES };
}

/** 4×4 images in three classes. */
export function tinySamples(train = 300, test = 61): InMemory {
  return {
    name: 'tiny',
    split: 'official',
    note: 'Made for tests.',
    inputShape: [SIDE, SIDE, 1],
    labelNames: ['upper', 'middle', 'lower'],
    fingerprint: 'feed',
    train: samples(train, 1),
    test: samples(test, 2),
  };
}

/** The same images as real numbers around 0. */
export function tinyFloats(train?: number, test?: number): InMemory {
  const held = tinySamples(train, test);
  const floats = (samples: Samples): Samples => ({
    ...samples,
    inputs: Float32Array.from(samples.inputs, (value) => (value - 100) / 50),
  });
  return { ...held, train: floats(held.train), test: floats(held.test) };
}

/** A folder that holds the tiny data set as real numbers, and says that a pipeline, of these bytes, has made it. */
export async function preprocessedDataset(pipeline: Uint8Array, steps = 'grayscale,minmax'): Promise<string> {
  const dir = join(scratchFolder(), 'tiny');
  const manifest = await writeDataset(samplesSource(tinyFloats()), dir);
  const preprocessing = { file: 'preprocessing.safetensors', steps };
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, preprocessing }));
  writeFileSync(join(dir, preprocessing.file), pipeline);
  return dir;
}

/** A folder that holds the tiny data set. */
export async function tinyDataset(train?: number, test?: number): Promise<string> {
  const dir = join(scratchFolder(), 'tiny');
  await writeDataset(samplesSource(tinySamples(train, test)), dir);
  return dir;
}

/** A folder with a data set of small shards: 4×4 images whose first value is their number, their label that number mod 3. */
export async function shardedDataset(o: { train: number; test: number; shardSamples: number }): Promise<string> {
  const dir = join(scratchFolder(), 'sharded');
  const numbered = (count: number): Samples => {
    const { inputs, labels } = samples(count, 1);
    for (let i = 0; i < count; i++) inputs[i * FEATURES] = i;
    return { inputs, labels, count, features: FEATURES };
  };
  const held = { ...tinySamples(), train: numbered(o.train), test: numbered(o.test) };
  await writeDataset(samplesSource(held), dir, { shardSamples: o.shardSamples });
  return dir;
}

/** The tiny model with BatchNormalization behind its first layer: its state is 8 moving means and 8 moving variances. */
export function normalizedModel(): LayersModel {
  const topology = JSON.parse(modelToJson(tinyModel()));
  const { layers } = topology.config;
  const first = layers.findIndex((layer: { class_name: string }) => layer.class_name === 'Dense');
  layers.splice(first + 1, 0, { class_name: 'BatchNormalization', config: { name: 'normalization' } });
  return modelFromJson(JSON.stringify(topology));
}

/** The mlp with 8 and 4 hidden units, for the tiny data set: 187 parameters. */
export function tinyModel(seed = 1): LayersModel {
  const json = modelToJson(createModel('mlp', { seed, inputShape: [SIDE, SIDE, 1], classes: 3 }));
  return modelFromJson(json.replace('"units":1000', '"units":8').replace('"units":250', '"units":4'));
}
