import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@weft/hdfs-loader';
import { getParameters, getState, modelToJson, type Scores } from '@weft/models';
import { describe, expect, it } from 'vitest';
import { coordinate } from '../src/coordinator.js';
import { ClusterError } from '../src/errors.js';
import { normalizedModel, scratchFolder, tinyDataset } from './tiny-dataset.js';
import { isAlive, type TinyRun, tinyRun } from './tiny-run.js';

// Each starts real processes, which load tfjs, on a machine that may be busy.
const START = { timeout: 120_000 };

/** An address of this machine that is not loopback. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await once(server.listen(0, host), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The status of the hello that a server of the run answers with to what is neither a hello nor TLS. */
async function answerToPlainText(host: string, port: number): Promise<number> {
  const socket = connect({ host, port });
  socket.write('?');
  const [hello] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return hello[7]!;
}

/** Long enough that it is always ended from outside. */
const ENDLESS = { epochs: 1_000_000 };

/** The error that a run ends with, checked: one line, and every process gone. */
async function failureOf({ options, nodes }: TinyRun, run = coordinate(options)): Promise<ClusterError> {
  const error = await run.then(
    () => new Error('a failure expected, the run ended well'),
    (reason: unknown) => reason as Error,
  );
  expect(error).toBeInstanceOf(ClusterError);
  expect(error.message).not.toMatch(/[\r\n]/);
  expect(nodes.filter(({ pid }) => isAlive(pid))).toEqual([]);
  return error as ClusterError;
}

describe('coordinate', START, () => {
  it('trains over two workers and two shards, every sample once an epoch', async () => {
    const events: string[] = [];
    const scored: Scores[] = [];
    const run = await tinyRun(
      { trainer: 'adag', window: 2, shards: 2, epochs: 2 },
      {
        onEngine: (worker, engine) => events.push(`engine ${worker} ${/^(native-|tensorflow|tfjs-)/.test(engine)}`),
        onEpochStart: (epoch) => events.push(`start ${epoch}`),
        onEpochTrained: () => events.push('trained'),
        onEpochScored: (epoch, scores) => {
          events.push(`scored ${epoch}`);
          scored.push(scores);
        },
      },
    );
    const { parameters, state, shards, audit } = await coordinate(run.options);
    expect(audit).toEqual({ expected: 600, trained: 600, twice: 0, never: 0 });
    expect(parameters).toHaveLength(run.options.initial.length);
    expect(parameters.every(Number.isFinite)).toBe(true);
    expect(parameters).not.toEqual(run.options.initial);
    expect(state).toHaveLength(0);
    expect(shards).toHaveLength(2);
    for (const { version, staleness } of shards) {
      // 30 batches an epoch in windows of 2: at least 15 pushes an epoch to each of the shards, and each moves it.
      const pushes = staleness.entries().reduce((sum, [, times]) => sum + times, 0);
      expect(pushes).toBeGreaterThanOrEqual(30);
      expect(version).toBe(pushes);
    }
    expect(events.filter((e) => !e.startsWith('engine'))).toEqual([
      'start 0',
      'trained',
      'scored 0',
      'start 1',
      'trained',
      'scored 1',
    ]);
    expect(events.filter((e) => e.startsWith('engine')).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'engine 0 true',
      'engine 1 true',
    ]);
    expect(scored.map(({ size }) => size)).toEqual([61, 61]);
    expect(run.nodes.map(({ role, rank }) => `${role} ${rank}`)).toEqual([
      'shard 0',
      'shard 1',
      'worker 0',
      'worker 1',
    ]);
    expect(await Promise.all(run.nodes.map(({ exited }) => exited))).toEqual(
      run.nodes.map(() => ({ code: 0, signal: null })),
    );
  });

  it('averages the weights that are not trained over the workers', async () => {
    const model = normalizedModel();
    const initialState = getState(model);
    const run = await tinyRun(
      { trainer: 'adag', window: 2, epochs: 2 },
      { topology: modelToJson(model), initial: getParameters(model), initialState },
    );
    model.dispose();
    const { state } = await coordinate(run.options);
    expect(state).toHaveLength(16);
    expect(state.every(Number.isFinite)).toBe(true);
    // Moving means start at 0, moving variances at 1.
    expect([...initialState].toSorted((a, b) => a - b)).toEqual([...new Array(8).fill(0), ...new Array(8).fill(1)]);
    expect([...state].filter((v, i) => v === initialState[i])).toEqual([]);
  });

  it('fails in one line that names a worker which is killed', async () => {
    // tfjs: libtensorflow would write into the log.
    const run = await tinyRun({ trainer: 'downpour', engine: 'tfjs', ...ENDLESS });
    const ending = coordinate(run.options);
    ending.catch(() => {});
    await run.training;
    const worker = run.nodes.find(({ role, rank }) => role === 'worker' && rank === 1)!;
    process.kill(worker.pid, 'SIGKILL');
    const error = await failureOf(run, ending);
    expect(error.code).toBe('node');
    expect(error.message).toBe(
      `worker 1 (pid ${worker.pid}) was ended by SIGKILL: it wrote nothing; log: ${worker.logFile}`,
    );
  });

  it('names the shard that is killed, not the worker that loses it', async () => {
    const run = await tinyRun({ trainer: 'downpour', shards: 2, ...ENDLESS });
    const ending = coordinate(run.options);
    ending.catch(() => {});
    await run.training;
    const shard = run.nodes.find(({ role, rank }) => role === 'shard' && rank === 1)!;
    process.kill(shard.pid, 'SIGKILL');
    expect((await failureOf(run, ending)).message).toContain(`shard 1 (pid ${shard.pid}) was ended by SIGKILL`);
  });

  it('names line and port where a shard’s port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const hosts = join(scratchFolder(), 'hosts.txt');
    writeFileSync(hosts, `localhost slots=2 port=${port}\n`);
    const run = await tinyRun({ hosts });
    const { message } = await failureOf(run);
    expect(message).toContain(`shard 0: listen on 127.0.0.1:${port}: `);
    expect(message).toContain('EADDRINUSE');
    expect(message).toContain(`(${hosts}:1); log: `);
    await new Promise((resolve) => taken.close(resolve));
  });

  it.skipIf(ownAddress === undefined).each([false, true])(
    'runs over an address of a network, with TLS unless it is given up: %s',
    async (insecure) => {
      const port = await freePort(ownAddress!);
      const hosts = join(scratchFolder(), 'hosts.txt');
      writeFileSync(hosts, `${ownAddress} slots=2 port=${port}\n`);
      let answer: Promise<number> | null = null;
      const run = await tinyRun(
        { trainer: 'adag', window: 2, hosts, insecure },
        {
          onProgress: () => {
            answer ??= answerToPlainText(ownAddress!, port);
          },
        },
      );
      const { audit } = await coordinate(run.options);
      expect(audit).toMatchObject({ trained: 300, never: 0 });
      // 6: the shard wants TLS; 1: what came is no hello.
      expect(await answer).toBe(insecure ? 1 : 6);
    },
  );

  it('says what a worker cannot do, in its words', async () => {
    const { manifest } = await openDataset(await tinyDataset());
    const dataset = { manifest, location: join(scratchFolder(), 'gone') };
    const run = await tinyRun({ trainer: 'single' }, { dataset });
    const { code, message } = await failureOf(run);
    expect(code).toBe('node');
    expect(message).toMatch(/^worker 0: .*gone.manifest\.json: no such file/);
  });

  it('says that training diverged, and where', async () => {
    const run = await tinyRun({ trainer: 'single', optimizer: 'sgd', learningRate: 1e30 });
    expect((await failureOf(run)).message).toMatch(
      /^worker 0: step \d+: a finite loss expected, got (NaN|-?[Ii]nfinity); lower the learning rate.*; log: /,
    );
  });

  it('ends when the signal aborts, before it starts, while it starts, and while it trains', async () => {
    const early = await tinyRun({}, { signal: AbortSignal.abort() });
    expect((await failureOf(early)).code).toBe('interrupted');
    expect(early.nodes).toEqual([]);

    const abort = new AbortController();
    const starting = await tinyRun({}, { signal: abort.signal });
    const begun = coordinate(starting.options);
    abort.abort();
    expect((await failureOf(starting, begun)).code).toBe('interrupted');

    const late = new AbortController();
    const run = await tinyRun(ENDLESS, { signal: late.signal });
    const ending = coordinate(run.options);
    ending.catch(() => {});
    await run.training;
    late.abort();
    expect((await failureOf(run, ending)).code).toBe('interrupted');
    expect(run.nodes).toHaveLength(3);
  });

  it('ends with what a watcher throws', async () => {
    const full = new ClusterError('run-folder', 'run folder: no space left');
    const run = await tinyRun(ENDLESS, {
      onEpochScored: () => {
        throw full;
      },
    });
    expect(await failureOf(run)).toBe(full);
  });

  it('fails when a process cannot be started', async () => {
    const run = await tinyRun({}, { logDir: join(scratchFolder(), 'missing') });
    expect((await failureOf(run)).message).toMatch(/^shard 0 cannot be started: ENOENT/);
  });
});
