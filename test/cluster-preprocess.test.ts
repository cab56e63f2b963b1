import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreprocessReport, RunReport } from '@weft/cluster';
import { idxFolder, type Manifest, openDataset, writeDataset } from '@weft/hdfs-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allEnded, type Command, cluster, startedPids } from './cluster-command.js';
import { writeIdxImages } from './idx-images.js';

const TRAIN = 3000;
const TEST = 400;
const STEPS = 'resize=20,pca=9,standardize,reshape=3x3x1';
let dir = '';
let source = '';
let made = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weft-preprocessing-'));
  mkdirSync(join(dir, 'tmp'));
  writeIdxImages(join(dir, 'images'), { train: TRAIN, test: TEST });
  source = join(dir, 'source');
  await writeDataset(idxFolder(join(dir, 'images')), source, { shardSamples: 200 });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (words: readonly string[]): Command =>
  cluster(words, { WEFT_DATA_DIR: join(dir, 'data'), TMPDIR: join(dir, 'tmp') });
const destination = (): string => join(dir, `made-${made++}`);
const preprocess = (to: string, ...flags: string[]): Command =>
  run(['preprocess', source, to, '--steps', STEPS, '--threads', '1', ...flags]);

async function valuesOf(location: string): Promise<{ manifest: Manifest; inputs: Float32Array }> {
  const dataset = await openDataset(location);
  const { inputs } = await dataset.subset('train').load();
  return { manifest: dataset.manifest, inputs: inputs as Float32Array };
}

describe('cluster preprocess', { timeout: 120_000 }, () => {
  it('makes a data set that start trains on', async () => {
    const to = destination();
    const { status, stdout, stderr } = await preprocess(to, '--json').ended;
    expect([status, stderr.includes('error: ')]).toEqual([0, false]);
    const report = JSON.parse(stdout) as PreprocessReport;
    expect(report).toMatchObject({
      location: to,
      samples: { train: TRAIN, test: TEST },
      inputShape: [3, 3, 1],
      workers: 2,
    });
    const words = ['start', '--dataset', to, '--batch-size', '32', '--run-dir', join(dir, 'run'), '--json'];
    const started = await run(words).ended;
    expect(started.status).toBe(0);
    expect((JSON.parse(started.stdout) as RunReport).testAccuracy).toBeGreaterThan(0.9);
    // One worker makes the same of it, but for the rounding of sums.
    const [hosts, alone] = [join(dir, 'hosts.txt'), destination()];
    writeFileSync(hosts, 'localhost\n');
    expect((await preprocess(alone, '--hosts', hosts).ended).status).toBe(0);
    const [one, two] = [await valuesOf(alone), await valuesOf(to)];
    const furthest = one.inputs.reduce((most, x, i) => Math.max(most, Math.abs(x - two.inputs[i]!)), 0);
    expect(furthest).toBeLessThan(1e-3);
  });

  it('goes on after kill -9, which leaves no process behind, and ends with the same data set', async () => {
    const to = destination();
    const killed = preprocess(to);
    const pids = await startedPids(killed);
    // Something is finished by then: the journal of the staging folder tells of a shard.
    const journal = join(dir, `.${to.slice(dir.length + 1)}.ingest`, 'journal');
    while (!existsSync(journal) || readdirSync(journal).length < 3)
      await new Promise((resolve) => setTimeout(resolve, 5));
    killed.child.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    await allEnded(pids);
    expect(existsSync(to)).toBe(false);
    const { status, stdout, stderr } = await preprocess(to, '--json').ended;
    expect(status).toBe(0);
    expect(stderr).toContain('goes on behind');
    expect(stderr).not.toContain('fitted in');
    expect((JSON.parse(stdout) as PreprocessReport).keptSamples).toBeGreaterThan(0);
    const other = destination();
    expect((await preprocess(other).ended).status).toBe(0);
    const [a, b] = [await valuesOf(to), await valuesOf(other)];
    expect(a.manifest).toEqual(b.manifest);
    expect(a.inputs).toEqual(b.inputs);
  });

  it('stops in order at Ctrl-C, and says that the same command goes on', async () => {
    const to = destination();
    const stopped = preprocess(to);
    const pids = await startedPids(stopped);
    stopped.child.kill('SIGINT');
    const { status, stderr } = await stopped.ended;
    expect(status).toBe(130);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^error: interrupted: .*the same command goes on/);
    await allEnded(pids);
  });

  it('fails in one line that names the worker that died', async () => {
    const running = preprocess(destination());
    const pids = await startedPids(running);
    process.kill(pids[0]!, 'SIGKILL');
    const { status, stderr } = await running.ended;
    expect(status).toBe(1);
    expect(
      stderr
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('error: ')),
    ).toEqual([expect.stringMatching(/^error: preprocessor 0 \(pid \d+\) was ended by SIGKILL: /)]);
    await allEnded(pids);
  });
});
