import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasPca } from '@weft/native';
import { afterAll, describe, expect, test } from 'vitest';

/** A folder that the loader finds CUDA in; null where there is no C compiler. */
function standIn(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'weft-cuda-'));
  const source = fileURLToPath(new URL('../../../../native/test/fake-cuda.c', import.meta.url));
  const library = join(folder, 'libcudart.so');
  if (spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-lm']).status !== 0) return null;
  for (const name of ['libcublas.so', 'libcusolver.so']) symlinkSync('libcudart.so', join(folder, name));
  return folder;
}

const dir = hasPca().ok ? standIn() : null;
afterAll(() => dir && rmSync(dir, { recursive: true }));

const SCRIPT = `
  import { Pca } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url))};
  const [features, rows] = [1500, 40];
  const values = Float32Array.from({ length: rows * features }, (_, i) => Math.sin(i * i) * (1 + (i % 7)));
  const notices = [];
  const fit = (device) => new Pca({ components: 3 }).fit(() => [{ values, rows, features }],
    { device, onNotice: (line) => notices.push(line) });
  const [a, b] = [await fit(process.argv[1]), await fit('cpu')];
  const difference = Math.max(...a.explainedVariance.map((value, i) => Math.abs(value / b.explainedVariance[i] - 1)));
  console.log(JSON.stringify({ notices, difference }));
`;

/** The loader finds the stand-in by name, as it would CUDA: only a process that begins so does. */
function fitIn(device: string, env: Record<string, string>): { notices: string[]; difference: number } {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT, device], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  expect(child.stderr).toBe('');
  return JSON.parse(child.stdout);
}

describe.skipIf(dir === null)('a fit with a stand-in for a GPU', () => {
  const found = { LD_LIBRARY_PATH: dir ?? '' };

  test.each(['auto', 'gpu'])('device %s uses it, and says so', (device) => {
    const { notices, difference } = fitIn(device, found);
    expect(notices).toEqual(['pca: on Fake GPU']);
    expect(difference).toBeLessThan(1e-5);
  });

  test('one with too little memory is left for the CPU, with a line', () => {
    const { notices, difference } = fitIn('auto', { ...found, FAKE_CUDA_BYTES: '500000' });
    expect(notices).toEqual([expect.stringMatching(/^pca: gpu: no memory for \d+ bytes: on the CPU$/)]);
    expect(difference).toBe(0);
  });

  test('one that fails in the middle is left for the CPU, with a line', () => {
    const { notices, difference } = fitIn('auto', { ...found, FAKE_CUDA_FAIL_AT: '20' });
    expect(notices).toEqual(['pca: on Fake GPU', 'pca: gpu: cuBLAS status 13: on the CPU']);
    expect(difference).toBe(0);
  });

  test('none that was asked for is one line, none that was not is no news', () => {
    const none = { ...found, FAKE_CUDA_DEVICES: '0' };
    expect(fitIn('gpu', none)).toEqual({ notices: ['pca: no GPU: CUDA finds none: on the CPU'], difference: 0 });
    expect(fitIn('auto', none)).toEqual({ notices: [], difference: 0 });
  });
});
