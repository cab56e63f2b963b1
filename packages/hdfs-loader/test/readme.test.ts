import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Hadoop } from '@weft/hdfs-loader/hadoop';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hadoopOrSkip, START_MS } from './hadoop-fixture.js';
import { scratchFolder } from './scratch-folder.js';

const home = new URL('..', import.meta.url);
const RUN_MS = 120_000;

const [whole, cached, hadoopOfItsOwn, ...others] = [
  ...readFileSync(new URL('README.md', home), 'utf8').matchAll(/^```js\n(.*?)^```$/gms),
].map((match) => match[1]!);

/** What an example's console.log calls print, as the comments behind them say. */
const promised = (example: string) =>
  [...example.matchAll(/\bconsole\.log\(.*\); \/\/ (.*)$/gm)].map((match) => `${match[1]}\n`).join('');

async function run(example: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const words = ['--input-type=module', '--eval', example];
  const options = { cwd: home, env: { ...process.env, TMPDIR: scratchFolder(), ...env }, timeout: RUN_MS };
  return (await promisify(execFile)(process.execPath, words, options)).stdout;
}

const start = await hadoopOrSkip();

describe.skipIf(!start)("the README's examples on Hadoop, as they are written, on the built package", () => {
  let hadoop: Hadoop;
  beforeAll(async () => {
    hadoop = await start!();
  }, START_MS);
  afterAll(() => hadoop?.close());

  it(
    'writes, lists and reads files, ingests Fashion-MNIST, trains an epoch of batches',
    async () => {
      expect(await run(whole!, { HDFS: hadoop.url })).toBe(promised(whole!));
    },
    RUN_MS,
  );

  it(
    'starts a Hadoop of its own, and reads on when a DataNode dies',
    async () => {
      expect(await run(hadoopOfItsOwn!)).toBe(promised(hadoopOfItsOwn!));
    },
    START_MS,
  );
});

it(
  "runs the README's example of a cached data set",
  async () => {
    expect(others).toEqual([]);
    expect(await run(cached!)).toBe(promised(cached!));
  },
  RUN_MS,
);
