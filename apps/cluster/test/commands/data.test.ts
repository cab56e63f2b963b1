import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../command-line.js';
import { preprocessedDataset, scratchFolder, tinyDataset } from '../tiny-dataset.js';

const { said, run } = commandLine('data');

describe('cluster data', () => {
  it('ls lists the data sets of a folder, damaged ones too', async () => {
    const parent = dirname(await tinyDataset(30, 6));
    mkdirSync(join(parent, 'broken'));
    writeFileSync(join(parent, 'broken', 'manifest.json'), '{');
    mkdirSync(join(parent, 'photos'));
    mkdirSync(join(parent, '.tiny.ingest'));
    expect(await run('ls', parent)).toBe(0);
    expect(said.out).toMatch(/^data set +training +test +classes +shape +bytes +split\n/);
    expect(said.out).toMatch(/\ntiny +30 +6 +3 +4×4×1 +[\d.]+ k?B +official\n/);
    expect(said.out).toMatch(/\nbroken +damaged .*\n.*\ndamaged: .*manifest\.json: expected JSON/);
    expect(said.out).not.toMatch(/photos|ingest/);
    said.out = '';
    expect(await run('ls', parent, '--json')).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject([
      { name: 'broken', error: expect.any(String) },
      { name: 'tiny', classes: 3 },
    ]);
    said.out = '';
    expect(await run('ls', join(parent, 'photos'))).toBe(0);
    expect(said.out).toMatch(/photos: no data set\n$/);
  });

  it('ls lists the shards of a data set', async () => {
    const dir = await tinyDataset(30, 6);
    expect(await run('ls', dir)).toBe(0);
    expect(said.out).toMatch(/train-00000\.safetensors +30 +[\d.]+ B +[0-9a-f]{12}\n/);
    said.out = '';
    expect(await run('ls', dir, '--json')).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject([{ file: 'train-00000.safetensors', samples: 30 }, { samples: 6 }]);
  });

  it('show describes a data set, and draws some of its images', async () => {
    const dir = await tinyDataset(30, 6);
    const sheet = join(scratchFolder(), 'deep', 'sheet.png');
    expect(await run('show', dir, '--out', sheet, '--count', '9', '--subset', 'test')).toBe(0);
    for (const text of ['name      tiny', '30 training, 6 test', '4 × 4 × 1 uint8', 'upper', '33.33 %', sheet]) {
      expect(said.out).toContain(text);
    }
    expect(readFileSync(sheet).subarray(1, 4).toString()).toBe('PNG');
    said.out = '';
    expect(await run('show', dir, '--json')).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ format: 'weft-dataset', name: 'tiny' });
  });

  it('tells real numbers from pixels, and what has made them', async () => {
    const dir = await preprocessedDataset(Buffer.from('fitted'), 'grayscale,pca=16,standardize');
    expect(await run('ls', dirname(dir))).toBe(0);
    expect(said.out).toMatch(/\ntiny +300 +61 +3 +4×4×1 float32 +/);
    const sheet = join(scratchFolder(), 'sheet.png');
    expect(await run('show', dir, '--out', sheet)).toBe(0);
    expect(said.out).toContain('4 × 4 × 1 float32\nvalues    -2 to 3.1 in the training set\n');
    expect(said.out).toContain('\nmade by   grayscale,pca=16,standardize (preprocessing.safetensors)\n');
    expect(readFileSync(sheet).subarray(1, 4).toString()).toBe('PNG');
  });

  it.each([
    [[], 2, 'a command expected: ls, show, synthesize (see --help)'],
    [['ls'], 2, "missing required argument 'location'"],
    [['ls', '/nowhere'], 1, 'cannot read /nowhere'],
    [['show', '/nowhere'], 1, '/nowhere/manifest.json: no such file: not a data set'],
    [['show', 'x', '--count', '0'], 2, '--count: a whole number from 1 to 99999 expected, got "0"'],
    [['show', 'x', '--subset', 'val'], 2, '--subset: train or test expected, got "val"'],
  ])('answers %j with %i and one line', async (words, status, problem) => {
    expect(await run(...words)).toBe(status);
    expect(said.err).toMatch(/^error: [^\n]+\n$/);
    expect(said.err).toContain(problem);
  });
});
