import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/ingest/lock.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';

const storage = fileStorage();
const ownerFile = (dir: string) => join(dir, 'lock', 'owner.json');
function heldBy(dir: string, owner: { host: string; pid: number }): void {
  mkdirSync(join(dir, 'lock'), { recursive: true });
  writeFileSync(ownerFile(dir), JSON.stringify({ ...owner, token: 'other' }));
}
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('acquireLock', () => {
  it('makes the folder, is one’s own until it is released, and leaves nothing', async () => {
    const dir = join(scratchFolder(), 'd');
    const lock = await acquireLock(storage, dir);
    await lock.require();
    expect(JSON.parse(readFileSync(ownerFile(dir), 'utf8'))).toMatchObject({ host: hostname(), pid: process.pid });
    await lock.release();
    await lock.release();
    expect(readdirSync(dir)).toEqual([]);
    await expect(lock.require()).rejects.toMatchObject({ code: 'LOCKED' });
  });

  it('names who has it, and does not disturb it', async () => {
    const dir = scratchFolder();
    const lock = await acquireLock(storage, dir);
    await expect(acquireLock(storage, dir)).rejects.toMatchObject({
      code: 'LOCKED',
      retryable: true,
      message: `${dir}: process ${process.pid} on ${hostname()} is at work in it`,
    });
    await lock.require();
    expect(readdirSync(dir)).toEqual(['lock']);
    await lock.release();
  });

  it('is given to one of many that come at once', async () => {
    const dir = scratchFolder();
    const ends = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(storage, dir)));
    const locks = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    expect(locks).toHaveLength(1);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'LOCKED' });
    await locks[0]!.release();
  });

  it('is taken over from a process of this host that has died', async () => {
    const dir = scratchFolder();
    heldBy(dir, { host: hostname(), pid: deadPid() });
    await (await acquireLock(storage, dir)).release();
    expect(existsSync(ownerFile(dir))).toBe(false);
  });

  it('is taken over from another host only when that has been silent', async () => {
    const dir = scratchFolder();
    heldBy(dir, { host: 'elsewhere', pid: 1 });
    await expect(acquireLock(storage, dir)).rejects.toThrow('process 1 on elsewhere is at work in it');
    const seconds = Date.now() / 1000 - 61;
    utimesSync(ownerFile(dir), seconds, seconds);
    const lock = await acquireLock(storage, dir);
    await lock.require();
    await lock.release();
  });

  it('tells the one that has lost it, and leaves the other’s alone', async () => {
    const dir = scratchFolder();
    const lock = await acquireLock(storage, dir);
    heldBy(dir, { host: 'elsewhere', pid: 7 });
    await expect(lock.require()).rejects.toThrow('process 7 on elsewhere is at work in it');
    expect(await lock.isMine()).toBe(false);
    await lock.release();
    expect(existsSync(ownerFile(dir))).toBe(true);
  });

  it.each([
    ['empty', (dir: string) => mkdirSync(join(dir, 'lock'))],
    [
      'damaged',
      (dir: string) => {
        mkdirSync(join(dir, 'lock'));
        writeFileSync(ownerFile(dir), '{');
      },
    ],
  ])('is taken over where it is %s', async (_, make) => {
    const dir = scratchFolder();
    make(dir);
    await (await acquireLock(storage, dir)).release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it('stops at a signal, leaving nothing of its own', async () => {
    const dir = scratchFolder();
    await expect(acquireLock(storage, dir, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow(
      'stopped',
    );
    expect(readdirSync(dir)).toEqual([]);
  });
});
