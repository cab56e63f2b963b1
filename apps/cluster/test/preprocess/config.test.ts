import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configurePreprocess, type PreprocessOptions } from '../../src/preprocess/config.js';
import { scratchFolder } from '../tiny-dataset.js';

const given = { source: 'fashion-mnist', destination: 'out', steps: 'pca=4' };
const configure = (over: Partial<PreprocessOptions> & Record<string, unknown> = {}) =>
  configurePreprocess({ ...given, ...over }, { WEFT_DATA_DIR: '/data' });

describe('configurePreprocess', () => {
  it('has a default for what may be left out', () => {
    expect(configure()).toMatchObject({
      ...given,
      hosts: [{ name: 'localhost', slots: 2 }],
      device: 'auto',
      cacheBytes: 2 ** 30,
      seed: 1,
      name: null,
      restart: false,
      overwrite: false,
      insecure: false,
    });
  });

  it('takes numbers as a command line gives them', () => {
    const hosts = join(scratchFolder(), 'hosts.txt');
    writeFileSync(hosts, 'localhost slots=3\n');
    expect(configure({ hosts, threads: '2', cache: '64MiB', seed: '7' })).toMatchObject({
      hosts: [{ slots: 3 }],
      threads: 2,
      cacheBytes: 64 * 2 ** 20,
      seed: 7,
    });
    expect(configure({ threads: 'auto' }).threads).toBeGreaterThan(0);
  });

  it.each([
    [{ source: '' }, 'SRC: a name expected, got ""'],
    [{ destination: '' }, 'DST: a name expected, got ""'],
    [{ steps: '' }, '--steps: a name expected, got ""'],
    [{ device: 'tpu' }, '--device: one of auto, cpu, gpu expected, got "tpu"'],
    [{ threads: '0' }, '--threads: auto, or a whole number from 1 to 1024 expected, got "0"'],
    [{ cache: 'lots' }, '--cache: bytes, as 1GiB, up to 1024GiB expected, got "lots"'],
    [{ seed: '-1' }, '--seed: '],
    [{ hosts: '/nowhere' }, '--hosts /nowhere: no such file'],
    [{ shuffle: true }, 'no option --shuffle'],
  ])('refuses %j in one line', (over, message) => {
    expect(() => configure(over)).toThrow(message);
  });
});
