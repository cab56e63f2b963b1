// Images from JPEG files to a uint8 shard beside Python, in one run: `pnpm bench ingest [--quick] [--json]`.
//
// Same work, same cores: read, decode, gray or RGB, scale to cover 128 × 128, cut at the centre, write. weft writes checksummed shards, the peers, pools of two processes that
// stay up, one .npy through shared memory. WEFT_PEER_PYTHON names a Python with pillow and torchvision; without it one is made.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  deepFashion,
  fileStorage,
  ingest,
  npmFashionMnist,
  synthesizeDeepFashion,
} from '../packages/hdfs-loader/dist/index.js';
import { LineProcess } from './line-process.mjs';
import { peerPython } from './peers.mjs';
import { quick, ratioOf, say, summary, writeResult } from './result.mjs';

const of = (name) => createRequire(new URL(`../packages/${name}/package.json`, import.meta.url));
const sharp = of('hdfs-loader')('sharp');
const SIDE = 128;
const GOAL = 1.5;
const SIZES = { small: quick ? 1_000 : 6_000, large: quick ? 300 : 2_000 };
const ROUNDS = quick ? 1 : 3;
const LIBRARIES = ['pillow', 'torchvision'];
const BEST = { best: 'max' };
const scratch = mkdtempSync(join(tmpdir(), 'weft-bench-'));

/** Every JPEG of a data set in DeepFashion's layout. */
const jpegsOf = (dir) =>
  readdirSync(join(dir, 'img'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jpg'))
    .map((name) => join(dir, 'img', name));

/** Pictures of 128 × 128, and others of 300 × 450, as large as the original's photographs. */
async function makeSets() {
  const garments = npmFashionMnist(dirname(of('hdfs-loader').resolve('fashion-mnist/package.json')));
  const sets = {};
  for (const [name, images] of Object.entries(SIZES)) {
    const dir = join(scratch, name);
    await synthesizeDeepFashion(garments, { storage: fileStorage(), path: dir }, { images });
    const files = jpegsOf(dir);
    if (name === 'large')
      for (const file of files)
        writeFileSync(file, await sharp(readFileSync(file)).resize(300, 450).jpeg({ quality: 88 }).toBuffer());
    sets[name] = { dir, files };
  }
  return sets;
}

/** A pool of Python processes; ask() resolves to its images a second. */
class Peer extends LineProcess {
  constructor(python, library) {
    super(python, [new URL('ingest-peer.py', import.meta.url).pathname, library, String(availableParallelism())]);
    this.library = library;
  }
  ask(request) {
    return super.ask(JSON.stringify(request));
  }
}

const weft = {
  async ask({ dir, files, channels, out }) {
    const start = performance.now();
    const source = deepFashion(fileStorage(), dir, { imageSize: { height: SIDE, width: SIDE }, channels });
    await ingest(source, { storage: fileStorage(), path: out });
    const seconds = (performance.now() - start) / 1000;
    return { rate: files.length / seconds };
  },
};

async function measure({ name, set, channels }, peers, errors) {
  const rates = new Map([['weft', []], ...peers.map((peer) => [peer.library, []])]);
  const order = [['weft', weft], ...peers.map((peer) => [peer.library, peer])];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [who, side] of [...order, ...order.toReversed()]) {
      const out = join(scratch, 'out');
      rmSync(out, { recursive: true, force: true });
      mkdirSync(dirname(out), { recursive: true });
      const answer = await side.ask({ ...set, channels, side: SIDE, out });
      if (answer.rate) rates.get(who).push(answer.rate);
      else errors[who] = answer.failed;
    }
  }
  const ours = summary(rates.get('weft'), BEST);
  const others = Object.fromEntries(
    peers.map(({ library }) => {
      const values = rates.get(library);
      return [library, values.length > 0 ? summary(values, BEST) : { error: errors[library] }];
    }),
  );
  const against = (key) =>
    ratioOf(
      ours[key],
      Object.values(others).map((peer) => peer[key]),
      BEST,
    );
  const row = {
    name,
    unit: 'images/s',
    weft: ours,
    peers: others,
    ratio: against('median'),
    ratioOfBest: against('max'),
    goal: GOAL,
  };
  const figures = Object.entries(others).map(
    ([who, p]) => `${who} ${p.median ?? p.error}${p.max ? ` (${p.max})` : ''}`,
  );
  say(
    `${name}: weft ${ours.median} (${ours.max}) images/s, ${figures.join(', ')}: ratio ${row.ratio}, of the best ${row.ratioOfBest}, goal ${GOAL}`,
  );
  return row;
}

let peers = [];
try {
  const python = peerPython('ingest', ['torch', 'torchvision', 'pillow', 'numpy']);
  const sets = await makeSets();
  peers = LIBRARIES.map((library) => new Peer(python, library));
  const versions = {};
  const errors = {};
  for (const peer of peers) {
    const hello = await peer.hello;
    if (hello.version) versions[peer.library] = hello.version;
    else say(`${peer.library}: ${hello.failed}`);
  }
  const rows = [];
  for (const [size, set] of Object.entries(sets)) {
    for (const channels of [3, 1]) {
      const shape = size === 'small' ? `${SIDE} × ${SIDE}` : '300 × 450';
      const name = `${set.files.length} JPEGs of ${shape} to ${SIDE} × ${SIDE} × ${channels}`;
      rows.push(await measure({ name, set, channels }, peers, errors));
    }
  }
  writeResult('ingest', {
    versions: { ...versions, sharp: sharp.versions.sharp },
    cores: availableParallelism(),
    rows,
  });
} finally {
  for (const { child } of peers) child.kill();
  rmSync(scratch, { recursive: true, force: true });
}
