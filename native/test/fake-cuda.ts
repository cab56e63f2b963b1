import { spawnSync } from 'node:child_process';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder with libcudart.so, libcublas.so and libcusolver.so made of fake-cuda.c; null where there is no C compiler. */
export function fakeCuda(): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'weft-cuda-'));
  const source = fileURLToPath(new URL('./fake-cuda.c', import.meta.url));
  const built = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', join(dir, 'libfake.so'), source, '-lm']);
  if (built.status !== 0) return null;
  for (const name of ['libcudart.so', 'libcublas.so', 'libcusolver.so']) symlinkSync('libfake.so', join(dir, name));
  return dir;
}
