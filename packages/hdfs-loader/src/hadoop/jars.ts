/** Hadoop's jars, fetched once from a Maven repository: no Maven needed. */
import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { rootCertificates } from 'node:tls';
import { type Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { fileError, LoaderError } from '../errors.js';
import { HADOOP_VERSION, JAR_LIST } from './jar-list.js';

export interface Jar {
  /** In a Maven repository. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What Hadoop's daemons run on. */
export const HADOOP_JARS: readonly Jar[] = JAR_LIST.trim()
  .split('\n')
  .map((line) => {
    const [path = '', bytes, sha256 = ''] = line.split(' ');
    return { path, bytes: Number(bytes), sha256 };
  });

export const MAVEN_CENTRAL = 'https://repo.maven.apache.org/maven2';

/** How many are fetched at a time. */
const AT_A_TIME = 8;
const TIMEOUT_MS = 60_000;
/** A fetch that fails is tried again this often. */
const RETRIES = 3;

/** Where the certificates that this machine trusts lie, by system: Node has its own only, which know of no company's proxy. */
const CERTIFICATE_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

export interface FetchJarsOptions {
  /** Folder for data that weft makes; the jars go to hadoop/VERSION/lib in it. */
  readonly dataHome: string;
  /** URL of a Maven repository. Default: Maven Central. */
  readonly repository?: string | undefined;
  /** Local Maven repositories, as ~/.m2/repository: a jar that lies there, undamaged, is not fetched. */
  readonly localRepositories?: readonly string[];
  /** Bytes that are there, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** Default: Hadoop's. */
  readonly jars?: readonly Jar[];
}

/** The folder that fetchJars fills. */
export const jarsDir = (dataHome: string): string => join(dataHome, 'hadoop', HADOOP_VERSION, 'lib');

/**
 * Makes all jars available in `<dataHome>/hadoop/<version>/lib`, and nothing else with the ending .jar. What is there with the
 * right size stays; the rest is copied or fetched, checked by size and SHA-256 and renamed into place, so an interrupted fetch
 * goes on and any number of processes may do it at once.
 *
 * @returns the folder
 * @throws LoaderError UNAVAILABLE when a jar cannot be had or is not what it should be; the message names its URL
 * @example const lib = await fetchJars({ dataHome: dataHome(process.env), onProgress: (done, total) => draw(done / total) });
 */
export async function fetchJars(options: FetchJarsOptions): Promise<string> {
  const { jars = HADOOP_JARS, localRepositories = [], onProgress, signal } = options;
  const dir = jarsDir(options.dataHome);
  await mkdir(dir, { recursive: true }).catch((cause: unknown) => {
    throw fileError('write', dir, cause);
  });
  const missing = await missingJars(dir, jars);
  const total = jars.reduce((sum, jar) => sum + jar.bytes, 0);
  let done = total - missing.reduce((sum, jar) => sum + jar.bytes, 0);
  if (missing.length === 0) return dir;
  const add = (bytes: number): void => {
    done += bytes;
    onProgress?.(done, total);
  };
  const abort = new AbortController();
  // Every request listens.
  const either = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal;
  setMaxListeners(0, either);
  const dispatcher = await trustingDispatcher();
  const queue = missing.values();
  const work = async (): Promise<void> => {
    for (const jar of queue) {
      const copied = await copyJar(jar, dir, localRepositories);
      if (copied) add(jar.bytes);
      else await fetchJar(jar, { ...options, dir, dispatcher, add, signal: either });
    }
  };
  // All that were begun are waited for: none writes, or leaves a temporary file, after the first error is thrown.
  await Promise.allSettled(
    Array.from({ length: AT_A_TIME }, () =>
      work().catch((error: unknown) => {
        abort.abort(error);
        throw error;
      }),
    ),
  );
  await dispatcher.close();
  signal?.throwIfAborted();
  if (abort.signal.aborted) throw abort.signal.reason;
  return dir;
}

/** Those that are not there with the right size: a jar gets its name only after its digest was checked. */
export async function missingJars(dir: string, jars: readonly Jar[] = HADOOP_JARS): Promise<Jar[]> {
  const there = new Set(await readdir(dir).catch(() => []));
  const missing: Jar[] = [];
  for (const jar of jars) {
    const name = basename(jar.path);
    if (!there.has(name) || (await stat(join(dir, name))).size !== jar.bytes) missing.push(jar);
  }
  return missing;
}

const temporary = (dir: string, jar: Jar): string =>
  join(dir, `.${basename(jar.path)}.${randomBytes(4).toString('hex')}.partial`);

async function copyJar(jar: Jar, dir: string, repositories: readonly string[]): Promise<boolean> {
  for (const repository of repositories) {
    const from = join(repository, jar.path);
    const to = temporary(dir, jar);
    try {
      if ((await stat(from)).size !== jar.bytes) continue;
      await copyFile(from, to);
      const hash = createHash('sha256');
      await pipeline(createReadStream(to), hash);
      if (hash.digest('hex') !== jar.sha256) continue;
      await rename(to, join(dir, basename(jar.path)));
      return true;
    } catch {
      // It is not there, or cannot be read: then it is fetched.
    } finally {
      await rm(to, { force: true });
    }
  }
  return false;
}

interface Fetching {
  readonly dir: string;
  readonly repository?: string | undefined;
  readonly dispatcher: Dispatcher;
  readonly add: (bytes: number) => void;
  readonly signal: AbortSignal;
}

async function fetchJar(jar: Jar, f: Fetching): Promise<void> {
  const url = `${(f.repository ?? MAVEN_CENTRAL).replace(/\/+$/, '')}/${jar.path}`;
  for (let attempt = 1; ; attempt++) {
    let got = 0;
    try {
      await fetchOnce(jar, url, {
        ...f,
        add: (bytes) => {
          got += bytes;
          f.add(bytes);
        },
      });
      return;
    } catch (cause) {
      f.add(-got);
      f.signal.throwIfAborted();
      if (attempt > RETRIES || (cause instanceof LoaderError && !cause.retryable)) {
        if (cause instanceof LoaderError) throw cause;
        throw new LoaderError('UNAVAILABLE', `cannot fetch ${url}: ${reason(cause)}`, { cause });
      }
    }
  }
}

async function fetchOnce(jar: Jar, url: string, f: Fetching): Promise<void> {
  const { statusCode, body } = await request(url, {
    dispatcher: f.dispatcher,
    signal: f.signal,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  if (statusCode !== 200) {
    await body.dump();
    // Worth asking again: a server's own trouble. Not worth it: 404 and its like.
    const code = statusCode >= 500 || statusCode === 429 ? 'UNAVAILABLE' : 'NOT_FOUND';
    throw new LoaderError(code, `cannot fetch ${url}: status ${statusCode}`);
  }
  const hash = createHash('sha256');
  let bytes = 0;
  const check = new Transform({
    transform(piece: Buffer, _encoding, next) {
      bytes += piece.length;
      if (bytes > jar.bytes) return next(new LoaderError('NOT_FOUND', `${url}: ${jar.bytes} bytes expected, got more`));
      hash.update(piece);
      f.add(piece.length);
      next(null, piece);
    },
  });
  const path = temporary(f.dir, jar);
  try {
    await pipeline(body, check, createWriteStream(path), { signal: f.signal });
    if (bytes !== jar.bytes) {
      throw new LoaderError('UNAVAILABLE', `${url}: ${jar.bytes} bytes expected, got ${bytes}`);
    }
    const digest = hash.digest('hex');
    if (digest !== jar.sha256) {
      throw new LoaderError('NOT_FOUND', `${url}: SHA-256 ${jar.sha256} expected, got ${digest}`);
    }
    await rename(path, join(f.dir, basename(jar.path)));
  } finally {
    await rm(path, { force: true });
  }
}

/** An error of the network often has no message but that of its cause, or of its several causes. */
function reason(error: unknown): string {
  const { message, code, errors } = error as Error & { code?: string; errors?: Error[] };
  return message || errors?.[0]?.message || code || String(error);
}

async function trustingDispatcher(): Promise<Agent | EnvHttpProxyAgent> {
  const system = await Promise.all(CERTIFICATE_FILES.map((file) => readFile(file, 'utf8').catch(() => '')));
  const ca = [...rootCertificates, ...system.filter((text) => text !== '')];
  return new EnvHttpProxyAgent({ connect: { ca }, requestTls: { ca }, proxyTls: { ca } });
}
