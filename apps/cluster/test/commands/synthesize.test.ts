import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../command-line.js';
import { scratchFolder } from '../tiny-dataset.js';

const { said, run } = commandLine('data', 'synthesize');
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

describe('cluster data synthesize', { timeout: 120_000 }, () => {
  it('makes pictures and lists, and says so in one line; the same again with the same seed', async () => {
    const dir = scratchFolder();
    const out = join(dir, 'a');
    expect(await run('deep-fashion', '--images', '92', '--out', out)).toBe(0);
    expect(said.out).toMatch(
      /^synthetic DeepFashion: 92 images \(46 train, 0 val, 46 test\) in 46 categories, [\d.]+ % of them \S+, [\d.]+ kB: .*\/a \(.* images\/s\)\n$/,
    );
    expect(readdirSync(out).sort()).toEqual(['Anno', 'Eval', 'SYNTHETIC.txt', 'img']);
    said.out = '';
    expect(await run('deep-fashion', '--images', '92', '--out', join(dir, 'b'), '--seed', '1', '--json')).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ location: join(dir, 'b'), images: 92, categories: 46 });
    const boxes = (name: string): string => readFileSync(join(dir, name, 'Anno', 'list_bbox.txt'), 'utf8');
    expect(boxes('b')).toBe(boxes('a'));
    expect(await run('deep-fashion', '--images', '92', '--out', out)).toBe(1);
    expect(said.err).toMatch(/error: \/.*\/a: expected no such folder, or an empty one\n$/);
  });

  it('leaves nothing at Ctrl-C', async () => {
    const dir = scratchFolder();
    const words = ['data', 'synthesize', 'deep-fashion', '--images', '100000', '--out', join(dir, 'd')];
    const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    while (!existsSync(join(dir, '.d.synthesis', 'img'))) await new Promise(setImmediate);
    child.kill('SIGINT');
    const [status] = (await once(child, 'close')) as [number];
    expect([status, told]).toEqual([130, expect.stringMatching(/error: interrupted: nothing was kept\n$/)]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([
    [[], 'a command expected: deep-fashion (see --help)'],
    [['deep-fashion', '--out', 'x'], "required option '--images <n>' not specified"],
    [['deep-fashion', '--images', '92'], "required option '--out <dir>' not specified"],
    [['deep-fashion', '--images', 'many', '--out', 'x'], '--images: a whole number expected, got "many"'],
    [['deep-fashion', '--images', '91', '--out', 'x'], 'images: expected 92 (one to train on and one to test with'],
    [['deep-fashion', '--images', '92', '--out', 'x', '--seed', '-1'], '--seed: a whole number expected, got "-1"'],
    [['deep-fashion', '--images', '92', '--out', 'ftp://x/y'], 'expected a path, file:, hdfs:'],
  ])('answers %j with one line', async (words, problem) => {
    expect(await run(...words)).toBe(2);
    expect(said.err).toMatch(/^error: [^\n]+\n$/);
    expect(said.err).toContain(problem);
    expect([said.out, existsSync('x')]).toEqual(['', false]);
  });
});
