// All-reduce of float32 vectors over loopback TCP between P processes: weft's ring beside Open MPI and torch.distributed's gloo.
// Part of `pnpm bench transport`. Every contender is timed alike: a barrier, the call, the slowest rank's time.
import { execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { allReduce, barrier, joinGroup } from '../packages/transport/dist/index.js';
import { peerPython } from './peers.mjs';
import { quick, ratioOf, say, summary } from './result.mjs';

const KiB = 1024;
const MiB = 1024 ** 2;
const SIZES = [4 * KiB, 64 * KiB, MiB, 4 * MiB, 16 * MiB, 64 * MiB];
/** Repetitions in one round. */
const REPETITIONS = new Map(
  SIZES.map((bytes) => [bytes, bytes < MiB ? 40 : bytes < 16 * MiB ? 16 : bytes < 64 * MiB ? 5 : 3]),
);
const ROUNDS = quick ? 2 : 8;
const GOALS = { best: 1, gloo: 1.3 };
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** One rank of weft: answers each message, a list of [bytes, repetitions], with its times and how busy its event loop was. */
async function member(rank, size) {
  const [{ token }] = await once(process, 'message');
  const meet = async (own) => {
    process.send({ own });
    const [{ addresses }] = await once(process, 'message');
    return addresses;
  };
  const group = await joinGroup({
    rank,
    size,
    run: 'bench',
    token: Buffer.from(token, 'hex'),
    meet,
  });
  process.send({ ready: true });
  process.on('message', async (plan) => {
    const times = {};
    const busy = {};
    const slowest = new Float32Array(1);
    for (const [bytes, repetitions] of plan) {
      const x = new Float32Array(bytes / 4);
      times[bytes] = [];
      busy[bytes] = [];
      for (let k = -2; k < repetitions; k++) {
        await barrier(group);
        const before = performance.eventLoopUtilization();
        const start = performance.now();
        await allReduce(group, x);
        slowest[0] = (performance.now() - start) * 1e3;
        const { utilization } = performance.eventLoopUtilization(before);
        await allReduce(group, slowest, { op: 'max' });
        if (k < 0) continue;
        times[bytes].push(slowest[0]);
        busy[bytes].push(utilization);
      }
    }
    process.send({ times, busy });
  });
  await once(process, 'disconnect');
  await group.close();
}

async function weft(size) {
  const token = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
  const ranks = Array.from({ length: size }, (_, rank) =>
    fork(fileURLToPath(import.meta.url), ['--member', String(rank), String(size)]),
  );
  const answers = () => Promise.all(ranks.map(async (rank) => (await once(rank, 'message'))[0]));
  const own = answers();
  for (const rank of ranks) rank.send({ token });
  const addresses = (await own).map(({ own }) => own);
  const ready = answers();
  for (const rank of ranks) rank.send({ addresses });
  await ready;
  return {
    async round(plan) {
      const all = answers();
      for (const rank of ranks) rank.send(plan);
      return (await all)[0];
    },
    async close() {
      const exits = ranks.map((rank) => once(rank, 'exit'));
      for (const rank of ranks) rank.disconnect();
      await Promise.all(exits);
    },
  };
}

/** Ranks of Open MPI spin while they wait, so each round has processes of its own. */
function openMpi(size, folder) {
  const program = join(folder, 'all-reduce');
  const built = spawnSync('mpicc', ['-O2', '-o', program, here('all-reduce-peer.c')], { stdio: ['ignore', 2, 2] });
  if (built.status !== 0) return null;
  const mca = [
    ['btl', 'tcp,self'],
    ['btl_tcp_if_include', 'lo'],
    ['mpi_yield_when_idle', size > cpus().length ? '1' : '0'],
  ].flatMap(([key, value]) => ['--mca', key, value]);
  return {
    round(plan) {
      const words = plan.flat().map(String);
      const text = execFileSync(
        'mpirun',
        ['--allow-run-as-root', '--oversubscribe', ...mca, '-np', String(size), program, ...words],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      );
      const rows = text
        .trim()
        .split('\n')
        .map((line) => line.split(' ').map(Number));
      return { times: Object.fromEntries(rows.map(([bytes, ...times]) => [bytes, times])) };
    },
    close() {},
  };
}

async function gloo(size, python, port) {
  const ranks = Array.from({ length: size }, (_, rank) =>
    spawn(python, [here('all-reduce-peer.py'), String(rank), String(size), String(port)], {
      stdio: ['pipe', 'pipe', 'ignore'],
    }),
  );
  const lines = createInterface({ input: ranks[0].stdout })[Symbol.asyncIterator]();
  const { value: version, done } = await lines.next();
  if (done) return null;
  return {
    version,
    async round(plan) {
      for (const rank of ranks) rank.stdin.write(`${plan.flat().join(' ')}\n`);
      return { times: JSON.parse((await lines.next()).value) };
    },
    async close() {
      const exits = ranks.map((rank) => once(rank, 'exit'));
      for (const rank of ranks) rank.stdin.end();
      await Promise.all(exits);
    },
  };
}

const meanOf = (values) => Number((values.reduce((a, b) => a + b, 0) / values.length).toPrecision(4));

const nameOf = (bytes) => (bytes < MiB ? `${bytes / KiB} KiB` : `${bytes / MiB} MiB`);

/** The rows of all-reduce, and the versions of the peers. */
export async function allReduceRows() {
  const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  const python = peerPython('transport', ['torch', 'numpy']);
  const versions = {};
  const rows = [];
  const plan = [...REPETITIONS];
  for (const size of [2, 4]) {
    const contenders = {
      weft: await weft(size),
      'Open MPI': openMpi(size, folder),
      gloo: await gloo(size, python, 29_500 + size),
    };
    versions.gloo = contenders.gloo?.version ? `torch ${contenders.gloo.version}` : 'not to be had';
    const present = Object.entries(contenders).filter(([, contender]) => contender !== null);
    const rates = {};
    const busy = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, contender] of round % 2 === 0 ? present : present.toReversed()) {
        const answer = await contender.round(plan);
        for (const [bytes, times] of Object.entries(answer.times)) {
          const busRate = times.map((us) => (bytes * 2 * (size - 1)) / size / us / 1e3);
          rates[bytes] ??= {};
          rates[bytes][name] = [...(rates[bytes][name] ?? []), ...busRate];
        }
        if (answer.busy) busy.push(...answer.busy[16 * MiB]);
      }
    }
    for (const [, contender] of present) await contender.close();
    for (const bytes of SIZES) rows.push(rowOf(`all-reduce ${nameOf(bytes)}, P = ${size}`, rates[bytes], bytes));
    const share = { mean: meanOf(busy.map((part) => 100 * part)), ...summary(busy.map((part) => 100 * part)) };
    say(`all-reduce 16 MiB, P = ${size}: the event loop is busy for ${share.mean} % of its time, on average`);
    rows.push({
      name: `all-reduce 16 MiB, P = ${size}: time in which the event loop is busy`,
      unit: '%',
      weft: share,
      peers: {},
      ratio: null,
      goal: null,
    });
  }
  rmSync(folder, { recursive: true });
  try {
    versions['Open MPI'] = execFileSync('mpirun', ['--version'], { encoding: 'utf8' }).split('\n', 1)[0];
  } catch {
    versions['Open MPI'] = 'not to be had';
  }
  return { rows, versions };
}

function rowOf(name, rates, bytes) {
  const best = { best: 'max' };
  const { weft: own, ...others } = rates;
  const weftRate = summary(own, best);
  const peers = Object.fromEntries(Object.entries(others).map(([peer, values]) => [peer, summary(values, best)]));
  const ratio = ratioOf(
    weftRate.median,
    Object.values(peers).map(({ median }) => median),
    best,
  );
  const ratioOfBest = ratioOf(
    weftRate.max,
    Object.values(peers).map(({ max }) => max),
    best,
  );
  const ratioToGloo = peers.gloo ? ratioOf(weftRate.median, [peers.gloo.median], best) : null;
  const shown = Object.entries({ weft: weftRate, ...peers }).map(
    ([who, { median, max }]) => `${who} ${median} (${max})`,
  );
  say(
    `${name}, busbw GB/s, median (best): ${shown.join(', ')}: ratio ${ratio} (${ratioOfBest}), to gloo ${ratioToGloo}`,
  );
  const goal = bytes >= MiB ? GOALS.best : null;
  return {
    name,
    unit: 'GB/s busbw',
    weft: weftRate,
    peers,
    ratio,
    ratioOfBest,
    goal,
    ratioToGloo,
    goalToGloo: GOALS.gloo,
  };
}

if (process.argv.includes('--member')) {
  const [rank, size] = process.argv.slice(-2).map(Number);
  await member(rank, size);
}
