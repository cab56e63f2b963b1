import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@weft/safetensors';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OneHot } from '../src/labels/one-hot.js';
import { MinMaxScaler } from '../src/min-max-scaler.js';
import { loadTransformer, saveTransformer, transformerFromJSON } from '../src/saved-transformer.js';
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
