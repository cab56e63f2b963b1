import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { getParameters, layoutOf, loadModel } from '@weft/models';
import { readSafetensors } from '@weft/safetensors';
import { describe, expect, it } from 'vitest';
import { ClusterError } from '../src/errors.js';
import { RunFolder } from '../src/run-folder.js';
import { scratchFolder, tinyModel } from './tiny-dataset.js';

const createFolder = (location: string | null) => RunFolder.create(location, { trainer: 'adag', storage: {} });

describe('RunFolder', () => {
  it('makes a folder, also where its parents are missing', async () => {
    const dir = join(scratchFolder(), 'a', 'b');
    const folder = await createFolder(dir);
    expect([folder.location, folder.logDir, readdirSync(dir)]).toEqual([dir, join(dir, 'logs'), ['logs']]);
  });

  it('names one by time and trainer where none is asked for', async () => {
    const before = process.cwd();
    const parent = scratchFolder();
    // Only a process of its own could do without; this package's tests run in forks.
    process.chdir(parent);
    try {
      const { location } = await createFolder(null);
      expect(basename(location)).toMatch(/^\d{4}-\d\d-\d\d-\d{6}-adag-[0-9a-f]{4}$/);
      expect(readdirSync(join(parent, 'runs'))).toEqual([basename(location)]);
    } finally {
      process.chdir(before);
    }
  });

  it('refuses a folder with files, a file, and a place that cannot be written', async () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'x'), '');
    const refused = async (path: string, problem: string) => {
      const message = expect.stringMatching(new RegExp(`^--run-dir ${path}: .*${problem}`));
      await expect(createFolder(path)).rejects.toMatchObject({ code: 'run-folder', message });
    };
    await refused(dir, 'an empty or new folder expected, it holds files');
    await refused(join(dir, 'x'), 'EEXIST');
    await refused(join(dir, 'x', 'y'), 'ENOTDIR');
    await refused('ftp://host/run', 'expected a path, file:, hdfs:');
  });

  it('writes JSON whole, and metrics line by line', async () => {
    const folder = await createFolder(scratchFolder());
    await folder.writeJson('report.json', { a: [1] });
    await folder.writeJson('report.json', { a: [2] });
    expect(JSON.parse(readFileSync(join(folder.location, 'report.json'), 'utf8'))).toEqual({ a: [2] });
    expect(readdirSync(folder.location).sort()).toEqual(['logs', 'report.json']);
    // Not waited for one by one: they keep their order.
    await Promise.all([folder.metric({ type: 'epoch', loss: 1 }), folder.metric({ type: 'epoch', loss: 0.5 })]);
    const lines = readFileSync(join(folder.location, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ loss: 1 }, { type: 'epoch', loss: 0.5 }]);
    expect(Date.parse(JSON.parse(lines[0] ?? '').time)).not.toBeNaN();
  });

  it('takes in a file whole, or not at all', async () => {
    const folder = await createFolder(scratchFolder());
    const broken = new ClusterError('data', 'no such file');
    async function* content(fails: boolean) {
      yield Buffer.from('fit');
      if (fails) throw broken;
      yield Buffer.from('ted');
    }
    await expect(folder.copyIn('p.safetensors', content(true))).rejects.toBe(broken);
    expect(readdirSync(folder.location)).toEqual(['logs']);
    await folder.copyIn('p.safetensors', content(false));
    expect(readFileSync(join(folder.location, 'p.safetensors'), 'utf8')).toBe('fitted');
  });

  it('writes weights that safetensors and tfjs open', async () => {
    const folder = await createFolder(scratchFolder());
    const model = tinyModel();
    const parameters = getParameters(model).map((_, i) => i / 7);
    await folder.writeWeights(model, { parameters, state: new Float32Array(), metadata: { trainer: 'adag' } });
    const { tensors, metadata } = await readSafetensors(join(folder.location, 'weights.safetensors'));
    expect({ ...metadata }).toEqual({ trainer: 'adag' });
    for (const { name, shape, offset, length } of layoutOf(model)) {
      expect(tensors[name]?.shape).toEqual(shape);
      expect(tensors[name]?.data).toEqual(parameters.subarray(offset, offset + length));
    }
    // loadModel gives the files to tf.loadLayersModel.
    expect(getParameters(await loadModel(join(folder.location, 'model', 'model.json')))).toEqual(parameters);
  });

  it('says once and for all that the folder is gone', async () => {
    const folder = await createFolder(join(scratchFolder(), 'run'));
    await folder.metric({});
    rmSync(folder.location, { recursive: true });
    writeFileSync(folder.location, 'in the way');
    const gone = { code: 'run-folder', message: expect.stringMatching(/^run folder: .*ENOTDIR/) };
    await expect(folder.metric({})).rejects.toMatchObject(gone);
    await expect(folder.flush()).rejects.toMatchObject(gone);
    await expect(folder.writeJson('a.json', {})).rejects.toMatchObject(gone);
    const model = tinyModel();
    const weights = { parameters: getParameters(model), state: new Float32Array(), metadata: {} };
    await expect(folder.writeWeights(model, weights)).rejects.toMatchObject({ code: 'run-folder' });
    await expect(folder.close({ failed: true })).rejects.toMatchObject(gone);
  });

  it('leaves a folder of this machine as it is when the run ends', async () => {
    const folder = await createFolder(scratchFolder());
    writeFileSync(join(folder.logDir, 'worker-0.log'), 'hello');
    await folder.metric({ loss: 1 });
    await folder.close({ failed: false });
    expect(readdirSync(folder.location).sort()).toEqual(['logs', 'metrics.jsonl']);
    expect(existsSync(join(folder.logDir, 'worker-0.log'))).toBe(true);
  });
});
