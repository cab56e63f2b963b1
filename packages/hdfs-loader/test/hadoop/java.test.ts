import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findJava, javaAdvice, parseJavaVersion } from '../../src/hadoop/java.js';
import { scratchFolder } from '../scratch-folder.js';

/** A program that says what Java says, on standard error as Java does. */
async function fakeJava(version: string, status = 0): Promise<string> {
  const bin = join(await scratchFolder(), 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'java'), `#!/bin/sh\necho '${version}' >&2\nexit ${status}\n`);
  await chmod(join(bin, 'java'), 0o755);
  return bin;
}

describe('parseJavaVersion', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_392"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['openjdk version "25-ea" 2025-09-16', 25],
    ['command not found', null],
  ])('%s', (text, major) => {
    expect(parseJavaVersion(text)).toBe(major);
  });
});

describe('findJava', () => {
  it('takes the first of PATH that is new enough', async () => {
    const [old, good] = [await fakeJava('openjdk version "11.0.2"'), await fakeJava('openjdk version "21.0.1"')];
    const java = await findJava({ searchPath: ['/nowhere', old, good].join(delimiter) });
    expect(java).toEqual({
      path: await realpath(join(good, 'java')),
      keytool: join(await realpath(good), 'keytool'),
      major: 21,
      build: 'openjdk version "21.0.1"',
    });
  });

  it('takes that of JAVA_HOME, and no other', async () => {
    const [old, good] = [await fakeJava('openjdk version "11.0.2"'), await fakeJava('openjdk version "17.0.1"')];
    await expect(findJava({ javaHome: join(good, '..'), searchPath: old })).resolves.toMatchObject({ major: 17 });
    await expect(findJava({ javaHome: join(old, '..'), searchPath: good })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^Java 17 or newer expected for Hadoop, .* is Java 11; to have it: /) as string,
    });
  });

  it('says what to do where there is none, or one that does not run', async () => {
    await expect(findJava({ searchPath: '/nowhere' })).rejects.toThrow(`none in PATH; ${javaAdvice()}`);
    const broken = await fakeJava('No Java runtime present', 1);
    await expect(findJava({ searchPath: broken })).rejects.toThrow(/java does not run; to have it: /);
    expect(javaAdvice('linux')).toContain('apt-get install openjdk-17-jre-headless');
    expect(javaAdvice('darwin')).toContain('brew install openjdk@17');
  });
});
