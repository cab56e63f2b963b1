import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../src/main.js';
import { scratchFolder, tinyDataset } from '../tiny-dataset.js';

let out: string;
let err: string;
const run = (...words: string[]) => main(['data', ...words]);

describe('cluster data', () => {
  beforeEach(() => {
    out = '';
    err = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      out += String(chunk);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      err += String(chunk);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('ls lists the data sets of a folder, damaged ones too', async () => {
    const parent = dirname(await tinyDataset(30, 6));
    mkdirSync(join(parent, 'broken'));
    writeFileSync(join(parent, 'broken', 'manifest.json'), '{');
    mkdirSync(join(parent, 'photos'));
    mkdirSync(join(parent, '.tiny.ingest'));
    expect(await run('ls', parent)).toBe(0);
    expect(out).toMatch(/^data set +training +test +classes +shape +bytes +split\n/);
    expect(out).toMatch(/\ntiny +30 +6 +3 +4×4×1 +[\d.]+ k?B +official\n/);
    expect(out).toMatch(/\nbroken +damaged .*\n.*\ndamaged: .*manifest\.json: expected JSON/);
    expect(out).not.toMatch(/photos|ingest/);
    out = '';
    expect(await run('ls', parent, '--json')).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { name: 'broken', error: expect.any(String) },
      { name: 'tiny', classes: 3 },
    ]);
    out = '';
    expect(await run('ls', join(parent, 'photos'))).toBe(0);
    expect(out).toMatch(/photos: no data set\n$/);
  });

  it('ls lists the shards of a data set', async () => {
    const dir = await tinyDataset(30, 6);
    expect(await run('ls', dir)).toBe(0);
    expect(out).toMatch(/train-00000\.safetensors +30 +[\d.]+ B +[0-9a-f]{12}\n/);
    out = '';
    expect(await run('ls', dir, '--json')).toBe(0);
    expect(JSON.parse(out)).toMatchObject([{ file: 'train-00000.safetensors', samples: 30 }, { samples: 6 }]);
  });

  it('show describes a data set, and draws some of its images', async () => {
    const dir = await tinyDataset(30, 6);
    const sheet = join(scratchFolder(), 'deep', 'sheet.png');
    expect(await run('show', dir, '--out', sheet, '--count', '9', '--subset', 'test')).toBe(0);
    for (const text of ['name      tiny', '30 training, 6 test', '4 × 4 × 1 uint8', 'upper', '33.33 %', sheet]) {
      expect(out).toContain(text);
    }
    expect(readFileSync(sheet).subarray(1, 4).toString()).toBe('PNG');
    out = '';
    expect(await run('show', dir, '--json')).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: 'weft-dataset', name: 'tiny' });
  });

  it.each([
    [[], 2, 'a command expected: ls, show (see --help)'],
    [['ls'], 2, "missing required argument 'location'"],
    [['ls', '/nowhere'], 1, 'cannot read /nowhere'],
    [['show', '/nowhere'], 1, '/nowhere/manifest.json: no such file: not a data set'],
    [['show', 'x', '--count', '0'], 2, '--count: a whole number from 1 to 99999 expected, got "0"'],
    [['show', 'x', '--subset', 'val'], 2, '--subset: train or test expected, got "val"'],
  ])('answers %j with %i and one line', async (words, status, problem) => {
    expect(await run(...words)).toBe(status);
    expect(err).toMatch(/^error: [^\n]+\n$/);
    expect(err).toContain(problem);
  });
});
