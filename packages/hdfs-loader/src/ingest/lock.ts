import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { LoaderError } from '../errors.js';
import { isDead } from '../staging.js';
import { locationIn } from '../storage/location.js';
import { readWhole } from '../storage/read-whole.js';
import type { CallOptions, Storage } from '../storage/storage.js';

const FILE = 'owner.json';
const BEAT_MS = 10_000;
/** Six beats missed: its process is gone, or can no longer reach the storage. */
const STALE_MS = 60_000;
const MAX_ATTEMPTS = 4;
/** How long a failure waits for what it leaves behind to be removed. */
const CLEAN_UP_MS = 1_000;
const LOOKS = 5;
const LOOK_MS = 20;

const schema = z.object({ host: z.string(), pid: z.int(), token: z.string() });
type Owner = z.infer<typeof schema>;

/** A folder that this process alone works in. */
export interface Lock {
  isMine(options?: CallOptions): Promise<boolean>;
  /** @throws LoaderError LOCKED when another process has taken it over */
  require(options?: CallOptions): Promise<void>;
  /** Gives the folder to others. Idempotent. The signal gives up a sign of life that is under way, too. */
  release(options?: CallOptions): Promise<void>;
}

/** Where a lock is, and whose it is to be. */
interface Claim {
  readonly storage: Storage;
  readonly dir: string;
  /** The lock: a directory, since a rename onto one that is not empty fails on every file system: of two that come at once, one wins. */
  readonly folder: string;
  readonly mine: Owner;
  /** Name of this process's own, where it makes its lock ready, and where it takes one apart. */
  readonly own: string;
}

/**
 * Takes a folder for this process, by a directory `DIR.lock` beside it. The lock of a process of this host that has died, or one that
 * has shown no sign of life for a minute, is taken over. File systems promise too little for more: one that has lost its
 * lock so finds out by `require()`, which is to be called before anything is changed that the other one would mind.
 *
 * @param dir need not exist
 * @throws LoaderError LOCKED, naming who has it, and what the storage throws
 */
export async function acquireLock(
  storage: Storage,
  dir: string,
  options: CallOptions & { staleMs?: number } = {},
): Promise<Lock> {
  const { staleMs = STALE_MS, signal } = options;
  const folder = `${dir}.lock`;
  const mine: Owner = { host: hostname(), pid: process.pid, token: randomBytes(8).toString('hex') };
  const claim: Claim = { storage, dir, folder, mine, own: `${folder}.${mine.token}` };
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      // Written first: its time and the other lock's are told by the same clock, the storage's.
      await storage.write(`${claim.own}/${FILE}`, textOf(mine), { overwrite: true, signal });
      if (await moved(storage, claim.own, folder, options)) {
        const lock = keep(claim);
        // HDFS moves a directory into one that is there.
        await lock.require(options);
        await sweep(claim, options);
        return lock;
      }
      const held = await steadyHolder(storage, folder, options);
      if (held !== null) {
        const now = await storage.stat(`${claim.own}/${FILE}`, { signal });
        const isGone = held.host === mine.host && isDead(held.pid);
        if (!isGone && now.modifiedMs - held.modifiedMs < staleMs) throw locked(locationIn(storage, dir), held);
      }
      await takeAway(claim, held?.token ?? null, options);
    }
    throw new LoaderError('LOCKED', `${locationIn(storage, dir)}: others took its lock ${MAX_ATTEMPTS} times in a row`);
  } catch (error) {
    const soon = AbortSignal.timeout(CLEAN_UP_MS);
    await storage.delete(claim.own, { recursive: true, signal: soon }).catch(() => {});
    throw error;
  }
}

const textOf = (owner: Owner): Buffer => Buffer.from(JSON.stringify(owner));

/** @returns false when something is at `to`, or nothing at `from` */
async function moved(storage: Storage, from: string, to: string, options: CallOptions = {}): Promise<boolean> {
  try {
    await storage.rename(from, to, options);
    return true;
  } catch (error) {
    const { code } = error as LoaderError;
    const system = ((error as LoaderError).cause as NodeJS.ErrnoException | undefined)?.code ?? '';
    if (code === 'EXISTS' || code === 'NOT_FOUND' || system === 'ENOTEMPTY') return false;
    throw error;
  }
}

/** Removes the lock with a token, or one that cannot be read, in one step; another that has come meanwhile goes back to its place. */
async function takeAway(
  { storage, folder, own }: Claim,
  token: string | null,
  options: CallOptions = {},
): Promise<void> {
  const aside = `${own}.old`;
  if (!(await moved(storage, folder, aside, options))) return;
  const held = await holder(storage, aside, options);
  if ((held?.token ?? null) !== token && (await moved(storage, aside, folder, options))) return;
  await storage.delete(aside, { recursive: true, ...options });
}

/** Removes what processes that were killed while they came or went have left beside the lock. */
async function sweep({ storage, folder }: Claim, { signal }: CallOptions): Promise<void> {
  const slash = folder.lastIndexOf('/');
  const prefix = `${folder.slice(slash + 1)}.`;
  for await (const { name, path } of storage.list(folder.slice(0, slash) || '/', { signal })) {
    if (!name.startsWith(prefix)) continue;
    const owner = await holder(storage, path, { signal });
    if (owner?.host === hostname() && isDead(owner.pid)) await storage.delete(path, { recursive: true });
  }
}

function locked(dir: string, { host, pid }: Owner): LoaderError {
  return new LoaderError('LOCKED', `${dir}: process ${pid} on ${host} is at work in it`);
}

function keep(claim: Claim): Lock {
  const { storage, folder, mine } = claim;
  const dir = locationIn(storage, claim.dir);
  const ended = new AbortController();
  let beating: Promise<void> = Promise.resolve();
  const isMine = async (options: CallOptions = {}): Promise<boolean> =>
    (await holder(storage, folder, options))?.token === mine.token;
  const beat = async (): Promise<void> => {
    // One that fails is made up for by the next; six in a row are another's to act on.
    const { signal } = ended;
    if (await isMine({ signal }).catch(() => false))
      await storage.write(`${folder}/${FILE}`, textOf(mine), { overwrite: true, signal }).catch(() => {});
  };
  const timer = setInterval(() => {
    beating = beating.then(beat);
  }, BEAT_MS);
  timer.unref();
  return {
    isMine,
    async require(options = {}) {
      const held = await steadyHolder(storage, folder, options);
      if (held?.token === mine.token) return;
      throw held === null
        ? new LoaderError('LOCKED', `${dir}: another process has taken its lock away`)
        : locked(dir, held);
    },
    async release(options = {}) {
      clearInterval(timer);
      options.signal?.addEventListener('abort', () => ended.abort(), { once: true });
      await beating;
      const held = await steadyHolder(storage, folder, options);
      if (held?.token === mine.token) await takeAway(claim, mine.token, options);
    },
  };
}

/**
 * Whose lock it is, looked at again for a moment where there is none: another process may be putting back just now what it took for a rest.
 */
async function steadyHolder(storage: Storage, folder: string, options: CallOptions): ReturnType<typeof holder> {
  for (let look = 1; ; look++) {
    const held = await holder(storage, folder, options);
    if (held !== null || look === LOOKS) return held;
    await sleep(LOOK_MS);
  }
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
