import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, openDataset } from '@weft/hdfs-loader';
import { describeModel, getParameters, saveModel } from '@weft/models';
import { describe, expect, it } from 'vitest';
import { ClusterError } from '../src/errors.js';
import { requireModel, resolveModel } from '../src/model-source.js';
import { scratchFolder, tinyDataset, tinyModel } from './tiny-dataset.js';

async function tinyManifest(over: Partial<Manifest> = {}): Promise<Manifest> {
  return { ...(await openDataset(await tinyDataset(9, 3))).manifest, ...over };
}

async function failure(name: string, manifest: Manifest): Promise<ClusterError> {
  const error = await resolveModel(name, { manifest, seed: 1 }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ClusterError);
  expect((error as Error).message).not.toMatch(/[\r\n]/);
  return error as ClusterError;
}

describe('requireModel', () => {
  it('takes a name, and the path of a file that exists', () => {
    requireModel('mlp');
    requireModel('cnn');
    const path = join(scratchFolder(), 'model.json');
    writeFileSync(path, '{');
    requireModel(path);
  });

  it('says which names there are, and which file is not there', () => {
    const refusal = (code: string, message: string) => expect.objectContaining({ code, message });
    expect(() => requireModel('mpl')).toThrow(
      refusal('usage', '--model: one of mlp, cnn or the path of a tfjs model.json expected, got "mpl"'),
    );
    // A path, as it has a dot; 'toString' is no name, though every object has one.
    expect(() => requireModel('gone.json')).toThrow(refusal('model', '--model gone.json: no such file'));
    expect(() => requireModel('toString')).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('resolveModel', () => {
  it('makes a named model for the data’s shape and classes, from the seed', async () => {
    const manifest = await tinyManifest();
    const model = await resolveModel('mlp', { manifest, seed: 3 });
    expect(describeModel(model)).toMatchObject({ inputShape: [4, 4, 1], outputs: 3 });
    const same = await resolveModel('mlp', { manifest, seed: 3 });
    expect(getParameters(same)).toEqual(getParameters(model));
  });

  it('loads a model.json with its weights', async () => {
    const folder = scratchFolder();
    const model = tinyModel(5);
    await saveModel(model, folder);
    const loaded = await resolveModel(join(folder, 'model.json'), { manifest: await tinyManifest(), seed: 1 });
    expect(getParameters(loaded)).toEqual(getParameters(model));
  });

  it('says what it expected instead of what came', async () => {
    const manifest = await tinyManifest();
    const unknown = await failure('mpl', manifest);
    expect([unknown.code, unknown.message]).toEqual([
      'usage',
      '--model: one of mlp, cnn or the path of a tfjs model.json expected, got "mpl"',
    ]);
    expect((await failure('./gone/model.json', manifest)).message).toContain('no such file');
    const folder = scratchFolder();
    writeFileSync(join(folder, 'model.json'), '{');
    const broken = await failure(join(folder, 'model.json'), manifest);
    expect([broken.code, broken.message.startsWith(`--model ${folder}`)]).toEqual(['model', true]);
    await saveModel(tinyModel(), folder);
    const path = join(folder, 'model.json');
    const wide = await tinyManifest({ inputShape: [4, 5, 1] });
    expect((await failure(path, wide)).message).toBe(
      `--model ${path}: takes 4×4×1 (16 values), data set tiny has 4×5×1 (20)`,
    );
    const many = await tinyManifest({ classes: 4 });
    expect((await failure(path, many)).message).toBe(`--model ${path}: has 3 outputs, data set tiny has 4 classes`);
    const tooSmall = await failure('cnn', await tinyManifest({ inputShape: [2, 2, 1] }));
    expect([tooSmall.code, tooSmall.message]).toEqual([
      'model',
      '--model cnn: model cnn: images of 2×2×1 are too small',
    ]);
  });
});
