import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../command-line.js';
import { scratchFolder, shardedDataset } from '../tiny-dataset.js';

describe('cluster preprocess', { timeout: 120_000 }, () => {
  const { said, run } = commandLine('preprocess');

  it('tells what it made in one line, or as JSON', async () => {
    const source = await shardedDataset({ train: 60, test: 12, shardSamples: 20 });
    const dir = scratchFolder();
    const hosts = join(dir, 'hosts.txt');
    writeFileSync(hosts, 'localhost\n');
    const to = join(dir, 'made');
    const words = [source, to, '--steps', ' minmax , standardize', '--hosts', hosts];
    expect(await run(...words)).toBe(0);
    expect(said.out).toMatch(
      /^tiny: 60 training and 12 test samples of 4 × 4 × 1 float32: \S+made \(.* s, .* images\/s\)\n$/,
    );
    expect(said.err).toMatch(/^minmax,standardize of tiny: 60 training and 12 test images of 4 × 4 × 1, 1 worker$/m);
    expect(said.err).toMatch(/^started preprocessor 0 \(pid \d+\)$/m);
    expect(said.err).toMatch(/^standardize fitted in /m);
    expect(existsSync(join(to, 'report.html'))).toBe(true);
    expect(await run(...words)).toBe(1);
    expect(said.err).toContain('error: ');
    said.out = '';
    expect(await run(...words, '--overwrite', '--json', '--name', 'again')).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ name: 'again', location: to, samples: { train: 60, test: 12 } });
  });

  it.each([
    [['a', 'b'], "error: required option '--steps <list>' not specified"],
    [['fashion-mnist', '--steps', 'minmax'], "error: missing required argument 'dest'"],
    [['fashion-mnist', 'x', '--steps', 'minmax', '--cache', 'much'], 'error: --cache: bytes, as 1GiB'],
    [['fashion-mnist', 'x', '--steps', 'minmax', '--hosts', '/nowhere'], 'error: --hosts /nowhere: no such file'],
    [['/nowhere', 'x', '--steps', 'minmax'], 'error: SRC /nowhere: '],
  ])('answers %j with 2 and one line', async (words, message) => {
    expect(await run(...words)).toBe(2);
    expect(said.err).toMatch(/^error: [^\n]+\n$/);
    expect(said.err).toContain(message);
  });
});
