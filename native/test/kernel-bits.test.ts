import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addon } from '../lib/native.js';

const script = fileURLToPath(new URL('kernel-bits.mjs', import.meta.url));
const run = (kernels: string, ...args: string[]) => {
  const env = { ...process.env, WEFT_KERNELS: kernels };
  const [kind, digest] = execFileSync(process.execPath, [script, ...args], { env, encoding: 'utf8' })
    .trim()
    .split(' ');
  return { kind, digest };
};

describe.runIf(addon().ok)('the kernels of compression', () => {
  it('give the same bits on every instruction set that this machine has, and in TypeScript', () => {
    const twins = run('', 'twins');
    expect(twins.kind).toBe('twins');
    const best = run('');
    expect(['avx512', 'avx2', 'portable']).toContain(best.kind);
    expect(best.digest).toBe(twins.digest);
    for (const kind of ['avx2', 'portable']) {
      const lesser = run(kind);
      // A machine without AVX2 answers with portable for both
      if (best.kind !== 'portable') expect(lesser.kind).toBe(kind);
      expect(lesser.digest).toBe(twins.digest);
    }
  });
});
