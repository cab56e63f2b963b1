import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '@weft/hdfs-loader';
import { decodeTransformer, Pipeline } from '@weft/preprocessing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PreprocessOptions } from '../../src/preprocess/config.js';
import { type PreprocessView, preprocess } from '../../src/preprocess/preprocess.js';
import { scratchFolder, shardedDataset } from '../tiny-dataset.js';
import { isAlive } from '../tiny-run.js';

// Each starts real processes on a machine that may be busy.
const START = { timeout: 120_000 };
const STEPS = 'minmax,standardize,flatten';
/** 8 training shards and 2 test shards. */
const source = () => shardedDataset({ train: 200, test: 50, shardSamples: 25 });

function hostsFile(slots: number): string {
  const file = join(scratchFolder(), 'hosts.txt');
  writeFileSync(file, `localhost slots=${slots}\n`);
  return file;
}

/** A place for the data set that is to be, and what makes it. */
async function job(over: Partial<PreprocessOptions> = {}) {
  const dir = scratchFolder();
  const options = { source: await source(), destination: join(dir, 'made'), steps: STEPS, threads: 1, ...over };
  const run = (view: PreprocessView = {}, signal?: AbortSignal) =>
    preprocess(options, { view, ...(signal && { signal }) });
  return { dir, options, run };
}

async function samplesOf(location: string) {
  const dataset = await openDataset(location);
  const both = [await dataset.subset('train').load(), await dataset.subset('test').load()];
  return both.map(({ inputs, labels }) => ({ inputs: Float32Array.from(inputs), labels }));
}

/** Of what a data set is made, apart from the time it took. */
const filesOf = (dir: string) =>
  Object.fromEntries(
    readdirSync(dir)
      .filter((name) => name !== 'report.html')
      .map((name) => [name, readFileSync(join(dir, name)).toString('base64')]),
  );

let temporary = '';
/** Where the logs of a run that failed are. */
const logFolders = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('weft-preprocess-'));

describe('preprocess', START, () => {
  beforeEach(() => {
    temporary = scratchFolder();
    vi.stubEnv('TMPDIR', temporary);
  });
  afterEach(() => void vi.unstubAllEnvs());

  it('gives the same data set with one worker and with two, and leaves nothing else', async () => {
    const [one, two] = [await job({ hosts: hostsFile(1) }), await job({ hosts: hostsFile(2), name: 'small' })];
    two.options.source = one.options.source;
    const seen: string[] = [];
    const reports = [
      await one.run(),
      await two.run({
        fitted: ({ step }) => seen.push(step),
        transform: (r) => seen.push(`${r.shards}/${r.totalShards}`),
      }),
    ];
    expect(reports.map(({ workers }) => workers)).toEqual([1, 2]);
    expect(reports[1]).toMatchObject({
      name: 'small',
      location: two.options.destination,
      samples: { train: 200, test: 50 },
      classes: 3,
      inputShape: [16],
      dtype: 'float32',
      pca: null,
      testError: null,
      keptSamples: 0,
      source: { name: 'tiny', inputShape: [4, 4, 1] },
      steps: [
        { step: 'minmax', shape: [4, 4, 1], fitSeconds: expect.any(Number) },
        { step: 'standardize', shape: [4, 4, 1], fitSeconds: expect.any(Number) },
        { step: 'flatten', shape: [16], fitSeconds: null },
      ],
    });
    expect(seen.slice(0, 2)).toEqual(['minmax', 'standardize']);
    expect(seen.slice(2)).toEqual(Array.from({ length: 10 }, (_, i) => `${i + 1}/10`));
    const [a, b] = [await samplesOf(one.options.destination), await samplesOf(two.options.destination)];
    for (const [i, { inputs, labels }] of a.entries()) {
      expect(labels).toEqual(b[i]!.labels);
      const furthest = inputs.reduce((most, x, j) => Math.max(most, Math.abs(x - b[i]!.inputs[j]!)), 0);
      expect(furthest).toBeLessThan(1e-5);
    }
    const { manifest } = await openDataset(two.options.destination);
    expect(manifest).toMatchObject({
      name: 'small',
      preprocessing: { file: 'preprocessing.safetensors', steps: STEPS },
    });
    expect(manifest.note).toBe(`Made for tests. Preprocessed: ${STEPS}.`);
    const state = readFileSync(join(two.options.destination, 'preprocessing.safetensors'));
    expect(decodeTransformer(state, 'state')).toBeInstanceOf(Pipeline);
    expect(readFileSync(join(two.options.destination, 'report.html'), 'utf8')).toContain('small, preprocessed');
    // The mean of a standardized training split is 0.
    const mean = a[0]!.inputs.reduce((x, y) => x + y, 0) / a[0]!.inputs.length;
    expect(Math.abs(mean)).toBeLessThan(1e-4);
    expect([readdirSync(one.dir), readdirSync(two.dir), logFolders()]).toEqual([['made'], ['made'], []]);
  });

  it.each(['while it fits', 'while it transforms'])('goes on where it was stopped %s', async (when) => {
    const undisturbed = await job();
    await undisturbed.run();
    const { options, run } = await job({ source: undisturbed.options.source });
    const stop = new AbortController();
    const stopped = run(
      {
        fitted: () => void (when === 'while it fits' && stop.abort()),
        transform: () => void (when === 'while it transforms' && stop.abort()),
      },
      stop.signal,
    );
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    expect(existsSync(options.destination)).toBe(false);
    expect(logFolders()).toEqual([]);
    const fitted: string[] = [];
    const lines: string[] = [];
    const report = await run({ fitted: ({ step }) => fitted.push(step), line: (line) => lines.push(line) });
    if (when === 'while it fits') {
      expect(fitted.length).toBeLessThan(2);
    } else {
      expect(fitted).toEqual([]);
      expect(report.keptSamples).toBeGreaterThan(0);
      expect(lines.join('\n')).toContain('goes on behind');
      expect(report.steps[0]!.fitSeconds).toBeGreaterThan(0);
    }
    expect(filesOf(options.destination)).toEqual(filesOf(undisturbed.options.destination));
  });

  it('refuses to go on with other steps, but begins anew when it is told to', async () => {
    const { options, run } = await job();
    const stop = new AbortController();
    await expect(run({ transform: () => stop.abort() }, stop.signal)).rejects.toMatchObject({ code: 'interrupted' });
    await expect(preprocess({ ...options, steps: 'standardize' })).rejects.toThrow('--restart');
    const other = await preprocess({ ...options, steps: 'standardize', restart: true });
    expect(other).toMatchObject({ inputShape: [4, 4, 1], keptSamples: 0 });
    await expect(run()).rejects.toThrow(`${options.destination}: expected no such folder`);
    expect(await preprocess({ ...options, overwrite: true })).toMatchObject({ inputShape: [16] });
  });

  it('fails when a worker does, names it, and leaves no process', async () => {
    const { options, run } = await job();
    let pids: number[] = [];
    const failed = run({
      line: (line) => {
        if (line.startsWith('started')) pids = [...line.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
      },
      transform: () => process.kill(pids[1]!, 'SIGKILL'),
    });
    await expect(failed).rejects.toMatchObject({
      code: 'node',
      message: expect.stringMatching(/^preprocessor 1 \(pid \d+\) was ended by SIGKILL: [^\n]*$/),
    });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(logFolders()).toHaveLength(1);
    // Another number of workers may go on.
    const report = await preprocess({ ...options, hosts: hostsFile(1) });
    expect(report).toMatchObject({ workers: 1, keptSamples: expect.any(Number) });
    expect(report.keptSamples).toBeGreaterThan(0);
  });

  it('keeps bytes where no step makes other numbers of them, and learns nothing then', async () => {
    const { options, run } = await job({ steps: 'crop=2,flatten' });
    expect(await run()).toMatchObject({ inputShape: [4], dtype: 'uint8', pca: null });
    const { manifest } = await openDataset(options.destination);
    expect(manifest).toMatchObject({ dtype: 'uint8', inputShape: [4] });
  });

  it('has no more workers than there are training samples, and does without test samples', async () => {
    const small = await shardedDataset({ train: 1, test: 0, shardSamples: 25 });
    const { run } = await job({ source: small, steps: 'minmax=per-pixel' });
    expect(await run()).toMatchObject({ workers: 1, samples: { train: 1, test: 0 } });
  });

  it('says in one line what cannot be', async () => {
    const { dir, options } = await job();
    mkdirSync(join(dir, 'photographs'));
    const full = join(dir, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'thesis.txt'), '');
    const cases: [Partial<PreprocessOptions>, RegExp][] = [
      [{ steps: 'turn' }, /^--steps: step 1, "turn": /],
      [{ steps: 'reshape=5x5' }, /^--steps: step 1, "reshape=5x5": /],
      [
        { source: join(dir, 'photographs') },
        /^SRC .*photographs: .* pnpm cluster ingest .*photographs DATASET makes one/,
      ],
      [{ source: join(dir, 'nowhere') }, /^SRC .*nowhere: .*does not exist$/],
      [{ source: 'ftp://host/x' }, /^SRC ftp:\/\/host\/x: /],
      [{ destination: 'ftp://host/x' }, /ftp:/],
      [{ destination: full }, /full: expected no such folder, or an empty one; --overwrite replaces a data set$/],
      [{ destination: full, overwrite: true }, /full: expected a data set to overwrite/],
      [{ destination: join(full, 'thesis.txt', 'x') }, /thesis\.txt/],
    ];
    for (const [over, message] of cases) {
      const error = await preprocess({ ...options, ...over }).then(
        () => new Error('made'),
        (reason: Error) => reason,
      );
      expect(error.message).toMatch(message);
      expect(error.message).not.toMatch(/[\r\n]/);
      expect(error.name).toBe('ClusterError');
    }
    expect(readdirSync(dir).toSorted((a, b) => a.localeCompare(b))).toEqual(['full', 'photographs']);
    expect(readdirSync(full)).toEqual(['thesis.txt']);
  });
});
