// The matrices of bench/pca.mjs, as files of uint8 values in the benchmarks' cache, made once: Fashion-MNIST's training images, and gray pictures
// of the synthetic DeepFashion at 64 × 64 and 128 × 128.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { openStorage, sourceOf, synthesizeDeepFashion } from '../packages/hdfs-loader/dist/index.js';
import { say } from './result.mjs';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'weft', 'bench-pca-data');
const resolve = createRequire(new URL('../apps/cluster/package.json', import.meta.url)).resolve;
const npmPackageDir = dirname(resolve('fashion-mnist/package.json'));

/** The first rows of a source, training images then test images, as one file. */
async function dump(source, rows, path) {
  const opened = await source.open();
  const file = await open(`${path}.part`, 'w');
  let left = rows;
  for (const subset of ['train', 'test']) {
    if (left === 0) break;
    for await (const { inputs, count, features } of opened.read(subset)) {
      const taken = Math.min(left, count);
      await file.write(inputs.subarray(0, taken * features));
      left -= taken;
      if (left === 0) break;
    }
  }
  await file.close();
  await source.close();
  if (left > 0) throw new Error(`${path}: ${left} rows too few`);
  renameSync(`${path}.part`, path);
}

/** @returns the path of a file of rows × side² values */
export async function matrixFile({ data, rows, side }) {
  mkdirSync(cache, { recursive: true });
  const path = join(cache, `${data}-${rows}x${side * side}.u8`);
  if (existsSync(path)) return path;
  say(`making ${path}, once …`);
  if (data === 'fashion-mnist') {
    await dump(await sourceOf('fashion-mnist', { npmPackageDir }), rows, path);
    return path;
  }
  const photos = join(cache, `photos-${rows}`);
  rmSync(photos, { recursive: true, force: true });
  const garments = await sourceOf('fashion-mnist', { npmPackageDir });
  await synthesizeDeepFashion(garments, openStorage(photos), { images: rows });
  await garments.close();
  const imageSize = { height: side, width: side };
  await dump(await sourceOf(photos, { format: 'deep-fashion', imageSize, channels: 1 }), rows, path);
  rmSync(photos, { recursive: true });
  return path;
}
