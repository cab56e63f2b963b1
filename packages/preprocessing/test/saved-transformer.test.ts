import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors, writeSafetensors } from '@weft/safetensors';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OneHot } from '../src/labels/one-hot.js';
import { MinMaxScaler } from '../src/min-max-scaler.js';
import { Pca } from '../src/pca/pca.js';
import { Pipeline } from '../src/pipeline/pipeline.js';
import {
  decodeTransformer,
  encodeTransformer,
  loadTransformer,
  saveTransformer,
  transformerFromJSON,
} from '../src/saved-transformer.js';
import { StandardScaler } from '../src/standard-scaler.js';
import { matrixOf } from './matrices.js';

function scratchFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-preprocessing-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'state.safetensors');
}

describe('saveTransformer and loadTransformer', () => {
  it('bring back each kind exactly', async () => {
    const rows = matrixOf([0.1, 2], [0.3, 5]);
    const fitted = [
      await new MinMaxScaler({ mode: 'per-feature' }).fit(() => [rows]),
      await new StandardScaler().fit(() => [rows]),
      new OneHot(7),
    ];
    for (const transformer of fitted) {
      const path = scratchFile();
      await saveTransformer(path, transformer);
      const loaded = await loadTransformer(path);
      expect(loaded).toBeInstanceOf(transformer.constructor);
      expect(loaded.toJSON()).toEqual(transformer.toJSON());
    }
  });

  it('refuse what was not fitted, and files without a state', async () => {
    const path = scratchFile();
    await expect(saveTransformer(path, new StandardScaler())).rejects.toMatchObject({ code: 'NOT_FITTED' });
    await expect(loadTransformer(path)).rejects.toMatchObject({ code: 'IO' });
    for (const metadata of [{}, { transformer: '{' }, { transformer: '{"kind":"pcb"}' }] as Record<string, string>[]) {
      await writeSafetensors(path, {}, metadata);
      const refused = { code: 'INVALID_STATE', message: expect.stringContaining(path) };
      await expect(loadTransformer(path)).rejects.toMatchObject(refused);
    }
  });
});

describe('encodeTransformer and decodeTransformer', () => {
  it('refuse a file of which a byte has changed, or which has no digest', async () => {
    const pca = Pca.fromJSON(
      {
        kind: 'pca',
        version: 1,
        components: 1,
        whiten: false,
        method: 'auto',
        seed: 0,
        passes: 8,
        batchRows: 1024,
        count: 3,
        totalVariance: 2,
      },
      {
        mean: { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) },
        components: { dtype: 'F32', shape: [1, 2], data: Float32Array.of(0.6, 0.8) },
        explainedVariance: { dtype: 'F64', shape: [1], data: Float64Array.of(2) },
      },
    );
    const bytes = Buffer.concat(encodeTransformer(pca));
    expect(decodeTransformer(bytes, 'a').toJSON()).toEqual(pca.toJSON());
    for (let at = bytes.length - 24; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1;
      expect(() => decodeTransformer(damaged, 'state')).toThrow(
        /^state: expected the SHA-256 .*: the file is damaged$/,
      );
    }
    const bare = Buffer.concat(encodeSafetensors({}, { transformer: JSON.stringify(new OneHot(2)) }));
    expect(() => decodeTransformer(bare, 'state')).toThrow(
      'state: expected a SHA-256 of the state in the metadata, got none',
    );
  });

  it('bring back a pipeline, half fitted or whole, and write the same bytes again', async () => {
    const x = { values: Uint8Array.from({ length: 5 * 48 }, (_, i) => (i * i) % 256), rows: 5, features: 48 };
    const pipeline = Pipeline.parse('grayscale,standardize,minmax', [4, 4, 3]);
    const states: Buffer[] = [];
    const save = (): void => void states.push(Buffer.concat(encodeTransformer(pipeline)));
    save();
    await pipeline.fit(() => [x], { onStepFitted: save });
    for (const bytes of states) {
      const restored = decodeTransformer(bytes, 'state');
      expect(Buffer.concat(encodeTransformer(restored))).toEqual(bytes);
      expect(await (await restored.fit(() => [x])).transform(x)).toEqual(await pipeline.transform(x));
    }
  });

  it('read what saveTransformer wrote', async () => {
    const path = scratchFile();
    await saveTransformer(path, new OneHot(7));
    const bytes = await readFile(path);
    expect(bytes).toEqual(Buffer.concat(encodeTransformer(new OneHot(7))));
    expect(decodeTransformer(bytes, path).toJSON()).toEqual(new OneHot(7).toJSON());
  });

  it('refuse what is no such file, naming it', () => {
    expect(() => encodeTransformer(new StandardScaler())).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
    const whole = Buffer.concat(encodeTransformer(new OneHot(7)));
    for (const bytes of [Buffer.alloc(0), whole.subarray(0, 20), Buffer.concat(encodeSafetensors({}))]) {
      const refused = { code: 'INVALID_STATE', message: expect.stringMatching(/^here: /) };
      expect(() => decodeTransformer(bytes, 'here')).toThrow(expect.objectContaining(refused));
    }
  });
});

describe('transformerFromJSON', () => {
  it('finds the class by kind', () => {
    const affine = (transformerFromJSON(MinMaxScaler.ofBounds(0, 255).toJSON()) as MinMaxScaler).toAffine();
    expect(affine).toEqual({ scale: 1 / 255, shift: 0 });
  });

  it.each([null, undefined, 3, {}, { kind: 'constructor' }, { kind: 3 }])('refuses %j', (json) => {
    expect(() => transformerFromJSON(json)).toThrow(
      'expected a transformer of kind min-max-scaler, standard-scaler, per-image-normalizer',
    );
  });
});
