import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addon } from '../lib/native.js';

describe('addon', () => {
  it('loads what was built, or says why not', () => {
    const found = addon();
    const built = existsSync(new URL('../build/Release/weft.node', import.meta.url));
    if (found.ok) expect(['avx512', 'avx2', 'portable']).toContain(found.addon.kernels);
    else expect(found.reason).toMatch(built ? /./ : /^not built/);
    expect(addon()).toBe(found);
  });
});
