import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allEnded, type Command, cluster, startedPids } from './cluster-command.js';
import { writeIdxImages } from './idx-images.js';

let dir = '';
let runs = 0;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'weft-processes-'));
  writeIdxImages(join(dir, 'images'), { train: 2000, test: 100 });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A run that would go on for hours. */
const longRun = (): Command =>
  cluster(
    [
      'start',
      '--dataset',
      join(dir, 'images'),
      '--epochs',
      '100000',
      '--shards',
      '2',
      '--run-dir',
      join(dir, `run-${runs++}`),
    ],
    { WEFT_DATA_DIR: join(dir, 'data') },
  );

/** Set by the issue that this holds: five seconds after kill -9 of the coordinator, no process of the run is left. */
const ORPHANS_END_WITHIN_MS = 5_000;

describe('the processes of a run', () => {
  for (const when of ['while they start', 'while they train'] as const) {
    it(`end with a coordinator that is killed ${when}`, { timeout: 60_000 }, async () => {
      const run = longRun();
      const pids = await startedPids(run);
      expect(pids).toHaveLength(4);
      if (when === 'while they train') await run.seen(/^epoch 1\//m);
      run.child.kill('SIGKILL');
      expect((await run.ended).signal).toBe('SIGKILL');
      const late = AbortSignal.timeout(ORPHANS_END_WITHIN_MS);
      const outcome = await Promise.race([
        allEnded(pids).then(() => 'ended'),
        new Promise((resolve) => late.addEventListener('abort', () => resolve('still there'))),
      ]);
      expect(outcome).toBe('ended');
    });
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`end on ${signal}, and the command says so`, { timeout: 60_000 }, async () => {
      const run = longRun();
      const pids = await startedPids(run);
      await run.seen(/^epoch 1\//m);
      run.child.kill(signal);
      const { status, stderr } = await run.ended;
      expect(status).toBe(130);
      expect(stderr.trim().split('\n').at(-1)).toBe('error: interrupted: the run was stopped before its end');
      await allEnded(pids);
    });
  }

  for (const role of ['worker', 'shard'] as const) {
    it(`all end when a ${role} dies, and the command names it`, { timeout: 60_000 }, async () => {
      const run = longRun();
      const pids = await startedPids(run);
      await run.seen(/^epoch 1\//m);
      const [, pid] = await run.seen(new RegExp(`${role} 1 \\(pid (\\d+)\\)`));
      process.kill(Number(pid), 'SIGKILL');
      const { status, stderr } = await run.ended;
      expect(status).toBe(1);
      expect(stderr.trim().split('\n').at(-1)).toMatch(/^error: (worker|shard) \d/);
      await allEnded(pids);
    });
  }
});
