import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findTensorflow, loadTensorflow } from '../src/tensorflow-library.js';

const made: string[] = [];
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true });
});

/** A folder with packages, whose addon may be missing. */
async function folderWith(packages: Record<string, { addon: boolean }>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'weft-test-'));
  made.push(dir);
  for (const [name, { addon }] of Object.entries(packages)) {
    const root = join(dir, 'node_modules', name);
    await mkdir(join(root, 'lib', 'napi-v8'), { recursive: true });
    await writeFile(join(root, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
    if (addon) await writeFile(join(root, 'lib', 'napi-v8', 'tfjs_binding.node'), 'not an addon');
  }
  return dir;
}

describe('findTensorflow', () => {
  it('takes the build for GPUs before the other', async () => {
    const dir = await folderWith({
      '@tensorflow/tfjs-node': { addon: true },
      '@tensorflow/tfjs-node-gpu': { addon: true },
    });
    const root = join(dir, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
    const addon = join(root, 'lib', 'napi-v8', 'tfjs_binding.node');
    expect(findTensorflow(dir)).toEqual({ name: '@tensorflow/tfjs-node-gpu', root, addon });
  });

  it('passes over one that is not built, or says so', async () => {
    const unbuilt = { '@tensorflow/tfjs-node-gpu': { addon: false } };
    const both = await folderWith({ ...unbuilt, '@tensorflow/tfjs-node': { addon: true } });
    expect(findTensorflow(both)).toMatchObject({ name: '@tensorflow/tfjs-node' });
    expect(findTensorflow(await folderWith(unbuilt))).toMatch(/^has no addon built in .*tfjs-node-gpu \(npm run setup/);
  });
});

describe('loadTensorflow', () => {
  it('says in one line why one does not load', async () => {
    const dir = await folderWith({ '@tensorflow/tfjs-node': { addon: true } });
    const location = findTensorflow(dir);
    if (typeof location === 'string') throw new Error(location);
    expect(() => loadTensorflow(location, 1)).toThrow(
      /^engine tensorflow: @tensorflow\/tfjs-node in .* does not load: /,
    );
  });
});
