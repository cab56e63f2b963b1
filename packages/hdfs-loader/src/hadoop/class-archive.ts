/** Hadoop's classes, loaded and checked once: a JVM that maps them starts in half the time, and shares their memory with the others. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LoaderError } from '../errors.js';
import type { Java } from './java.js';
import { type Program, QUICK_JVM } from './program.js';
import { startHadoop } from './start-hadoop.js';

const run = promisify(execFile);

/** Half a minute, on two cores that have other work. */
const TIMEOUT_MS = 300_000;

/** An archive is good for one build of Java and one set of jars: others ignore it. */
function archivePath({ java, jarsDir }: Pick<Program, 'java' | 'jarsDir'>): string {
  const key = createHash('sha256').update(`${java.path}\n${java.build}`).digest('hex').slice(0, 12);
  return join(dirname(jarsDir), `classes-${key}.jsa`);
}

/** The archive of this Java and these jars; undefined where none was made. */
export async function findClassArchive(program: Pick<Program, 'java' | 'jarsDir'>): Promise<string | undefined> {
  const path = archivePath(program);
  return access(path).then(
    () => path,
    () => undefined,
  );
}

/**
 * Makes the archive, where there is none: starts a Hadoop, to see which classes it loads, then has Java write them down. It takes
 * 15 to 30 s and 90 MB of disk.
 *
 * @returns its path
 * @throws LoaderError IO when Java cannot make it, and what startHadoop throws
 */
export async function makeClassArchive(program: { readonly java: Java; readonly jarsDir: string }): Promise<string> {
  const there = await findClassArchive(program);
  if (there !== undefined) return there;
  const path = archivePath(program);
  const dir = await mkdtemp(join(tmpdir(), 'weft-classes-'));
  try {
    const log = `-XX:DumpLoadedClassList=${join(dir, '%p.classes')}`;
    const hadoop = await startHadoop({ ...program, jvmArgs: [...QUICK_JVM, log] });
    await hadoop.close();
    const list = join(dir, 'all');
    await writeFile(list, await classList(dir));
    const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
    const flags = [
      '-Xshare:dump',
      '-Xlog:disable',
      `-XX:SharedClassListFile=${list}`,
      `-XX:SharedArchiveFile=${partial}`,
    ];
    try {
      await run(program.java.path, [...QUICK_JVM, ...flags, '-cp', join(program.jarsDir, '*')], {
        timeout: TIMEOUT_MS,
      });
      await rename(partial, path);
    } catch (cause) {
      throw new LoaderError('IO', `Java could not write ${path}: ${(cause as Error).message.split('\n')[0]}`, {
        cause,
      });
    } finally {
      await rm(partial, { force: true });
    }
    return path;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The lists of all processes as one: classes by name, once each, then the lambdas. Classes of other loaders cannot be archived. */
export async function classList(dir: string): Promise<string> {
  const lines = new Set<string>();
  for (const name of (await readdir(dir)).filter((file) => file.endsWith('.classes'))) {
    const text = await readFile(join(dir, name), 'utf8');
    // The last line may be half written.
    for (const line of text.slice(0, text.lastIndexOf('\n')).split('\n')) lines.add(line);
  }
  const known = [...lines].filter((line) => !/ source: |\$\$Lambda\$|^#/.test(line));
  const lambdas = known.filter((line) => line.startsWith('@'));
  return `${[...known.filter((line) => !line.startsWith('@')), ...lambdas].join('\n')}\n`;
}
