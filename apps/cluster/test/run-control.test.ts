import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlKind } from '../src/control-messages.js';
import { deferred } from '../src/deferred.js';
import { parseHosts } from '../src/hosts.js';
import type { NodeProcess } from '../src/launcher.js';
import { RunControl } from '../src/run-control.js';
import { scratchFolder } from './tiny-dataset.js';
import { isAlive } from './tiny-run.js';

const hosts = parseHosts('localhost slots=2', 'hosts.txt');
const seat = (rank: number) => ({ role: 'shard' as const, rank, listen: { host: '127.0.0.1', port: 0 } });

/** A run of shards that have joined and wait. */
function patientRun(signal = new AbortController().signal) {
  const logDir = join(scratchFolder(), 'logs');
  mkdirSync(logDir);
  const joined = deferred<void>();
  const control = new RunControl({
    ...{ run: 'r', hosts, insecure: false, members: 2, logDir, signal },
    answer: ({ kind }) => {
      if (kind === ControlKind.join) joined.resolve();
      return new Promise(() => {});
    },
    isReady: () => true,
  });
  onTestFinished(() => control.end());
  const nodes: NodeProcess[] = [];
  const run = control.during(async () => {
    nodes.push(...(await control.start([seat(0), seat(1)])));
    return await new Promise<never>(() => {});
  });
  run.catch(() => {});
  return { control, nodes, joined: joined.promise, run };
}

describe('RunControl', { timeout: 60_000 }, () => {
  it('gives what the work gives, and ends its processes', async () => {
    const { control, nodes, joined, run } = patientRun();
    await joined;
    expect(control.connection(seat(0)) ?? control.connection(seat(1))).toBeDefined();
    await control.end();
    expect(nodes.map(({ pid }) => isAlive(pid))).toEqual([false, false]);
    expect(await Promise.race([run, Promise.resolve('pending')])).toBe('pending');
  });

  it('ends with the first process that does, and names it', async () => {
    const { nodes, joined, run } = patientRun();
    await joined;
    process.kill(nodes[1]!.pid, 'SIGKILL');
    await expect(run).rejects.toMatchObject({
      code: 'node',
      message: expect.stringMatching(/^shard 1 \(pid \d+\) was ended by SIGKILL: /),
    });
  });

  it('ends with its signal, also with one that was given before', async () => {
    const stop = new AbortController();
    const { joined, run } = patientRun(stop.signal);
    await joined;
    stop.abort();
    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
    await expect(patientRun(AbortSignal.abort()).run).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('ends with what a watcher throws, at once or later', async () => {
    for (const watch of [
      () => {
        throw new Error('disk full');
      },
      () => Promise.reject(new Error('disk full')),
    ]) {
      const { control, run } = patientRun();
      control.tell(watch);
      await expect(run).rejects.toThrow('disk full');
      await control.end();
    }
  });
});
