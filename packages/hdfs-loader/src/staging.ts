import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileError } from './errors.js';

const SUFFIX = '.partial';
const prefixOf = (dir: string) => `.${basename(dir)}.${hostname()}.`;

/** A name beside `dir`, on the same file system, that no other process takes: its host and process id are part of it. */
export function stagingPath(dir: string): string {
  return join(dirname(dir), `${prefixOf(dir)}${process.pid}.${randomBytes(4).toString('hex')}${SUFFIX}`);
}

/** Makes an empty folder at `stagingPath(dir)`, and the folders above it. @throws LoaderError IO */
export async function makeStagingFolder(dir: string): Promise<string> {
  const staging = stagingPath(dir);
  try {
    await mkdir(staging, { recursive: true });
  } catch (cause) {
    throw fileError('write', staging, cause);
  }
  return staging;
}

/**
 * Gives a finished folder its final name, atomically.
 *
 * @returns false when something is already there: then nothing has changed
 * @throws LoaderError IO
 */
export async function publish(staging: string, dir: string): Promise<boolean> {
  try {
    await rename(staging, dir);
    return true;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    // By the code, not by a look at `dir`: whoever was in the way may be gone by then.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) return false;
    // Windows says EPERM or EACCES, as for a folder that may not be written.
    if (['EPERM', 'EACCES'].includes(code) && (await identityOf(dir)) !== undefined) return false;
    throw fileError('write', dir, cause);
  }
}

/** What another folder of the same name does not share (inode and time of birth), or undefined when there is none. */
export async function identityOf(dir: string): Promise<string | undefined> {
  try {
    const { ino, birthtimeNs } = await stat(dir, { bigint: true });
    return `${ino}:${birthtimeNs}`;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError('read', dir, cause);
  }
}

/**
 * Removes a damaged folder, unless another process has put another one in its place meanwhile.
 *
 * @param identity of the folder that was found to be damaged
 * @throws LoaderError IO
 */
export async function removeDamaged(dir: string, identity: string): Promise<void> {
  if ((await identityOf(dir)) !== identity) return;
  const aside = stagingPath(dir);
  try {
    await rename(dir, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fileError('write', dir, cause);
  }
  // Between the check and the rename a good one may have come: it goes back, unless the next one is there already.
  if ((await identityOf(aside)) !== identity && (await publish(aside, dir))) return;
  await rm(aside, { recursive: true, force: true });
}

/** Removes what processes of this host that have died left beside `dir`. Others' folders are never touched. */
export async function sweepStaging(dir: string): Promise<void> {
  const prefix = prefixOf(dir);
  let names: string[];
  try {
    names = await readdir(dirname(dir));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fileError('read', dirname(dir), cause);
  }
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(SUFFIX)) continue;
    const pid = Number(name.slice(prefix.length).split('.')[0]);
    if (isDead(pid)) await rm(join(dirname(dir), name), { recursive: true, force: true });
  }
}

/** Whether a process of this host is gone. */
export function isDead(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
