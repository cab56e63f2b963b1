import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { getParameters, layoutOf, loadModel } from '@weft/models';
import { readSafetensors } from '@weft/safetensors';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../src/run-folder.js';
import { scratchFolder, tinyModel } from './tiny-dataset.js';

describe('RunFolder', () => {
  it('makes a folder, also where its parents are missing', () => {
    const dir = join(scratchFolder(), 'a', 'b');
    const folder = RunFolder.create(dir, 'adag');
    expect([folder.dir, folder.logDir, readdirSync(dir)]).toEqual([dir, join(dir, 'logs'), ['logs']]);
  });

  it('names one by time and trainer where none is asked for', () => {
    const before = process.cwd();
    const parent = scratchFolder();
    // Only a process of its own could do without; this package's tests run in forks.
    process.chdir(parent);
    try {
      const { dir } = RunFolder.create(null, 'adag');
      expect(basename(dir)).toMatch(/^\d{4}-\d\d-\d\d-\d{6}-adag-[0-9a-f]{4}$/);
      expect(readdirSync(join(parent, 'runs'))).toEqual([basename(dir)]);
    } finally {
      process.chdir(before);
    }
  });

  it('refuses a folder with files, a file, and a place that cannot be written', () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'x'), '');
    const refused = (path: string, problem: string) => {
      const message = expect.stringMatching(new RegExp(`^--run-dir ${path}: .*${problem}`));
      expect(() => RunFolder.create(path, 'adag')).toThrow(expect.objectContaining({ code: 'run-folder', message }));
    };
    refused(dir, 'an empty or new folder expected, it holds files');
    refused(join(dir, 'x'), 'EEXIST');
    refused(join(dir, 'x', 'y'), 'ENOTDIR');
  });

  it('writes JSON whole, and metrics line by line', () => {
    const folder = RunFolder.create(scratchFolder(), 'adag');
    folder.writeJson('report.json', { a: [1] });
    folder.writeJson('report.json', { a: [2] });
    expect(JSON.parse(readFileSync(join(folder.dir, 'report.json'), 'utf8'))).toEqual({ a: [2] });
    expect(readdirSync(folder.dir).sort()).toEqual(['logs', 'report.json']);
    folder.metric({ type: 'epoch', loss: 1 });
    folder.metric({ type: 'epoch', loss: 0.5 });
    const lines = readFileSync(join(folder.dir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ loss: 1 }, { type: 'epoch', loss: 0.5 }]);
    expect(Date.parse(JSON.parse(lines[0] ?? '').time)).not.toBeNaN();
  });

  it('writes weights that safetensors and tfjs open', async () => {
    const folder = RunFolder.create(scratchFolder(), 'adag');
    const model = tinyModel();
    const parameters = getParameters(model).map((_, i) => i / 7);
    await folder.writeWeights(model, { parameters, state: new Float32Array(), metadata: { trainer: 'adag' } });
    const { tensors, metadata } = await readSafetensors(join(folder.dir, 'weights.safetensors'));
    expect({ ...metadata }).toEqual({ trainer: 'adag' });
    for (const { name, shape, offset, length } of layoutOf(model)) {
      expect(tensors[name]?.shape).toEqual(shape);
      expect(tensors[name]?.data).toEqual(parameters.subarray(offset, offset + length));
    }
    // loadModel gives the files to tf.loadLayersModel.
    expect(getParameters(await loadModel(join(folder.dir, 'model', 'model.json')))).toEqual(parameters);
  });

  it('says that the folder is gone', async () => {
    const folder = RunFolder.create(join(scratchFolder(), 'run'), 'adag');
    rmSync(folder.dir, { recursive: true });
    const gone = expect.objectContaining({
      code: 'run-folder',
      message: expect.stringMatching(/^run folder: .*ENOENT/),
    });
    expect(() => folder.metric({})).toThrow(gone);
    expect(() => folder.writeJson('a.json', {})).toThrow(gone);
    const model = tinyModel();
    const weights = { parameters: getParameters(model), state: new Float32Array(), metadata: {} };
    await expect(folder.writeWeights(model, weights)).rejects.toMatchObject({ code: 'run-folder' });
  });
});
