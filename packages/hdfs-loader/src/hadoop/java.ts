/** Java, which Hadoop's daemons run on. */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LoaderError } from '../errors.js';

const run = promisify(execFile);

/** The oldest that Hadoop 3.5 runs on. */
const OLDEST_JAVA = 17;

/** A Java that was found. */
export interface Java {
  /** Absolute, links followed. */
  readonly path: string;
  /** The beside-lying program that makes certificates. */
  readonly keytool: string;
  /** As 17 or 21. */
  readonly major: number;
  /** What it says of itself. */
  readonly build: string;
}

const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  linux:
    'sudo apt-get install openjdk-17-jre-headless (Debian, Ubuntu), sudo dnf install java-17-openjdk-headless (Fedora, RHEL)',
  darwin: 'brew install openjdk@17',
};

/** What to type to have Java. */
export function javaAdvice(platform: NodeJS.Platform = process.platform): string {
  const how = INSTALL[platform] ?? 'see https://adoptium.net';
  return `to have it: ${how}; or set JAVA_HOME`;
}

/**
 * Finds Java: in `javaHome` where that is given, else in the folders of `searchPath`, and asks for its version.
 *
 * @param o javaHome: as JAVA_HOME; searchPath: as PATH
 * @throws LoaderError NOT_FOUND, with what to do: there is none, it does not run, or it is older than 17
 * @example const java = await findJava({ javaHome: process.env.JAVA_HOME, searchPath: process.env.PATH });
 */
export async function findJava(o: { javaHome?: string | undefined; searchPath?: string | undefined }): Promise<Java> {
  const { javaHome, searchPath = '' } = o;
  const folders = javaHome ? [join(javaHome, 'bin')] : searchPath.split(delimiter).filter((folder) => folder !== '');
  const where = javaHome ? `JAVA_HOME=${javaHome}` : 'PATH';
  const wanted = `Java ${OLDEST_JAVA} or newer expected for Hadoop`;
  const name = process.platform === 'win32' ? 'java.exe' : 'java';
  let problem = `none in ${where}`;
  for (const folder of folders) {
    let path: string;
    try {
      path = await realpath(join(folder, name));
    } catch {
      continue;
    }
    const build = await version(path);
    const major = parseJavaVersion(build);
    if (major !== null && major >= OLDEST_JAVA) return { path, keytool: join(dirname(path), 'keytool'), major, build };
    problem = major === null ? `${path} does not run` : `${path} is Java ${major}`;
  }
  throw new LoaderError('NOT_FOUND', `${wanted}, ${problem}; ${javaAdvice()}`);
}

/** `openjdk version "17.0.15" 2025-04-15` → 17; `java version "1.8.0_392"` → 8 */
export function parseJavaVersion(text: string): number | null {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (first === undefined) return null;
  return first === '1' && second !== undefined ? Number(second) : Number(first);
}

/** On a Mac without Java, /usr/bin/java is there, and fails. */
async function version(path: string): Promise<string> {
  try {
    const { stderr, stdout } = await run(path, ['-version'], { timeout: 30_000 });
    return `${stderr}${stdout}`.trim();
  } catch {
    return '';
  }
}
