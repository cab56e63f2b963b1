import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classList, findClassArchive } from '../../src/hadoop/class-archive.js';
import { scratchFolder } from '../scratch-folder.js';

describe('classList', () => {
  it('has each class once, then the lambdas, and nothing of other loaders or half written', async () => {
    const dir = scratchFolder();
    await writeFile(
      join(dir, '1.classes'),
      '# a comment\njava/lang/Object id: 0\n@lambda-proxy a/B run\na/B id: 1\na/B$$Lambda$7 id: 3\n',
    );
    await writeFile(
      join(dir, '2.classes'),
      'java/lang/Object id: 0\nc/D id: 9 super: 0 source: jrt:/x\nc/E id: 5\nc/Fee i',
    );
    expect(await classList(dir)).toBe('java/lang/Object id: 0\na/B id: 1\nc/E id: 5\n@lambda-proxy a/B run\n');
  });
});

describe('findClassArchive', () => {
  it('finds none of another Java', async () => {
    const dir = scratchFolder();
    await writeFile(join(dir, 'classes-000000000000.jsa'), '');
    const java = { path: '/java', keytool: '', major: 17, build: 'openjdk version "17.0.1"' };
    expect(await findClassArchive({ java, jarsDir: join(dir, 'lib') })).toBeUndefined();
    expect(await readdir(dir)).toHaveLength(1);
  });
});
