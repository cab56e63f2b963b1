import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readFiles } from '../lib/files.js';
import { addon } from '../lib/native.js';

const dir = mkdtempSync(join(tmpdir(), 'weft-files-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string, bytes: number): string => {
  writeFileSync(join(dir, name), new Uint8Array(bytes).fill(name.length));
  return join(dir, name);
};

describe.skipIf(!addon().ok)('readFiles', () => {
  test('reads files one behind the other, and passes over what it cannot read', async () => {
    const paths = [file('ü', 5), dir, join(dir, 'none'), file('bb', 0), file('large', 100), file('ccc', 7)];
    const into = new Uint8Array(12);
    expect([...(await readFiles(paths, into))!]).toEqual([5, -1, -1, 0, -1, 7]);
    expect([...into]).toEqual([1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3]);
  });

  test('takes no files, and no room', async () => {
    expect(await readFiles([], new Uint8Array(0))).toHaveLength(0);
    expect([...(await readFiles([file('a', 1), file('b', 0)], new Uint8Array(0)))!]).toEqual([-1, 0]);
  });
});
