import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import process from 'node:process';
import { z } from 'zod';
import { LoaderError } from '../errors.js';
import { isDead } from '../staging.js';
import { locationIn } from '../storage/location.js';
import { readWhole } from '../storage/read-whole.js';
import type { CallOptions, Storage } from '../storage/storage.js';

/** A directory, since a rename onto one that is not empty fails at every file system: of two that come at once, one wins. */
const FOLDER = 'lock';
const FILE = 'owner.json';
const BEAT_MS = 10_000;
/** Six beats missed: its process is gone, or can no longer reach the storage. */
const STALE_MS = 60_000;
const MAX_ATTEMPTS = 4;
/** How long a failure waits for what it leaves behind to be removed. */
const CLEAN_UP_MS = 1_000;

const schema = z.object({ host: z.string(), pid: z.int(), token: z.string() });
type Owner = z.infer<typeof schema>;

/** A folder that this process alone works in. */
export interface Lock {
  isMine(options?: CallOptions): Promise<boolean>;
  /** @throws LoaderError LOCKED when another process has taken it over */
  require(options?: CallOptions): Promise<void>;
  /** Ends its signs of life, so that the folder can be removed, and the lock with it. The signal gives up one that is under way. */
  stop(options?: CallOptions): Promise<void>;
  /** Gives the folder to others. Idempotent, as stop() is. */
  release(options?: CallOptions): Promise<void>;
}

/**
 * Takes a folder for this process. The lock of a process of this host that has died, or one that has shown no sign of life for a
 * minute, is taken over. File systems promise too little for more: two that take over at the same moment are told apart by
 * `require()`, which is to be called before anything is changed that the other one would mind.
 *
 * @param dir made where it does not exist
 * @throws LoaderError LOCKED, naming who has it, and what the storage throws
 */
export async function acquireLock(
  storage: Storage,
  dir: string,
  options: CallOptions & { staleMs?: number } = {},
): Promise<Lock> {
  const { staleMs = STALE_MS, signal } = options;
  const folder = `${dir}/${FOLDER}`;
  const mine: Owner = { host: hostname(), pid: process.pid, token: randomBytes(8).toString('hex') };
  const text = Buffer.from(JSON.stringify(mine));
  const candidate = `${folder}.${mine.token}`;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    // Written first: its time and the other lock's are told by the same clock, the storage's.
    await storage.write(`${candidate}/${FILE}`, text, { overwrite: true, signal });
    try {
      const held = await holder(storage, folder, options);
      if (held !== null) {
        const now = await storage.stat(`${candidate}/${FILE}`, { signal });
        const gone = held.host === mine.host && isDead(held.pid);
        if (!gone && now.modifiedMs - held.modifiedMs < staleMs) throw locked(locationIn(storage, dir), held);
        await storage.delete(folder, { recursive: true, signal });
      }
      if (await moved(storage, candidate, folder, options)) {
        const lock = keep(storage, { folder, dir, text, mine });
        // HDFS moves a directory into one that is there.
        await lock.require(options);
        return lock;
      }
      // What is in the way is another's, or the rest of one whose process died while it was taken away.
      if ((await holder(storage, folder, options)) === null) await storage.delete(folder, { recursive: true, signal });
    } catch (error) {
      const soon = AbortSignal.timeout(CLEAN_UP_MS);
      await storage.delete(candidate, { recursive: true, signal: soon }).catch(() => {});
      throw error;
    }
  }
  await storage.delete(candidate, { recursive: true });
  throw new LoaderError('LOCKED', `${locationIn(storage, dir)}: others took its lock ${MAX_ATTEMPTS} times in a row`);
}

/** @returns false when another one was faster */
async function moved(storage: Storage, from: string, to: string, options: CallOptions): Promise<boolean> {
  try {
    await storage.rename(from, to, options);
    return true;
  } catch (error) {
    const { code } = error as LoaderError;
    const system = ((error as LoaderError).cause as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'EXISTS' || system === 'ENOTEMPTY' || system === 'EEXIST') return false;
    throw error;
  }
}

function locked(dir: string, { host, pid }: Owner): LoaderError {
  return new LoaderError('LOCKED', `${dir}: process ${pid} on ${host} is at work in it`);
}

function keep(storage: Storage, o: { folder: string; dir: string; text: Buffer; mine: Owner }): Lock {
  const { folder, text, mine } = o;
  const dir = locationIn(storage, o.dir);
  const ended = new AbortController();
  let beating: Promise<void> = Promise.resolve();
  const isMine = async (options: CallOptions = {}): Promise<boolean> =>
    (await holder(storage, folder, options))?.token === mine.token;
  const beat = async (): Promise<void> => {
    // One that fails is made up for by the next; six in a row are another's to act on.
    const { signal } = ended;
    if (await isMine({ signal }).catch(() => false))
      await storage.write(`${folder}/${FILE}`, text, { overwrite: true, signal }).catch(() => {});
  };
  const timer = setInterval(() => {
    beating = beating.then(beat);
  }, BEAT_MS);
  timer.unref();
  const stop = async ({ signal }: CallOptions = {}): Promise<void> => {
    clearInterval(timer);
    signal?.addEventListener('abort', () => ended.abort(), { once: true });
    await beating;
  };
  return {
    isMine,
    stop,
    async require(options) {
      const held = await holder(storage, folder, options ?? {});
      if (held?.token === mine.token) return;
      throw held === null
        ? new LoaderError('LOCKED', `${dir}: another process has taken its lock away`)
        : locked(dir, held);
    },
    async release(options = {}) {
      await stop(options);
      if (await isMine(options)) await storage.delete(folder, { recursive: true, ...options });
    },
  };
}

/** Whose lock it is, and its last sign of life; null when there is none, or none that can be read. */
async function holder(
  storage: Storage,
  folder: string,
  options: CallOptions,
): Promise<(Owner & { modifiedMs: number }) | null> {
  const path = `${folder}/${FILE}`;
  const { signal } = options;
  try {
    const { modifiedMs } = await storage.stat(path, { signal });
    const text = (await readWhole(storage, path, { signal, maxBytes: 4096 })).toString('utf8');
    return { ...schema.parse(JSON.parse(text)), modifiedMs };
  } catch (error) {
    if (error instanceof LoaderError && error.code !== 'NOT_FOUND' && error.code !== 'INVALID_SOURCE') throw error;
    if (signal?.aborted) throw error;
    return null;
  }
}
