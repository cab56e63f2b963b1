import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/ingest/lock.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';

const storage = fileStorage();
const ownerFile = (dir: string) => join(`${dir}.lock`, 'owner.json');
function heldBy(dir: string, owner: { host: string; pid: number }): void {
  mkdirSync(`${dir}.lock`, { recursive: true });
  writeFileSync(ownerFile(dir), JSON.stringify({ ...owner, token: 'other' }));
}
const beside = (dir: string) => readdirSync(dirname(dir));
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('acquireLock', { timeout: 60_000 }, () => {
  it('makes the folder, is one’s own until it is released, and leaves nothing', async () => {
    const dir = join(scratchFolder(), 'd');
    const lock = await acquireLock(storage, dir);
    await lock.require();
    expect(JSON.parse(readFileSync(ownerFile(dir), 'utf8'))).toMatchObject({ host: hostname(), pid: process.pid });
    await lock.release();
    await lock.release();
    expect(beside(dir)).toEqual([]);
    await expect(lock.require()).rejects.toMatchObject({ code: 'LOCKED' });
  });

  it('sweeps away what a process left that was killed while it came', async () => {
    const dir = join(scratchFolder(), 'd');
    heldBy(dir, { host: hostname(), pid: deadPid() });
    cpSync(`${dir}.lock`, `${dir}.lock.0123`, { recursive: true });
    heldBy(`${dir}.lock.elsewhere`, { host: 'elsewhere', pid: 1 });
    await (await acquireLock(storage, dir)).release();
    expect(beside(dir)).toEqual(['d.lock.elsewhere.lock']);
  });

  it('is had in turn by all that come and go', async () => {
    const dir = join(scratchFolder(), 'd');
    let inside = 0;
    const comeAndGo = async (): Promise<void> => {
      for (let turns = 0; turns < 5; ) {
        try {
          const lock = await acquireLock(storage, dir);
          expect(++inside).toBe(1);
          await lock.require();
          inside -= 1;
          await lock.release();
          turns += 1;
        } catch (error) {
          expect(error).toMatchObject({ code: 'LOCKED' });
        }
      }
    };
    await Promise.all(Array.from({ length: 4 }, comeAndGo));
    expect(beside(dir)).toEqual([]);
  });

  it('names who has it, and does not disturb it', async () => {
    const dir = join(scratchFolder(), 'd');
    const lock = await acquireLock(storage, dir);
    await expect(acquireLock(storage, dir)).rejects.toMatchObject({
      code: 'LOCKED',
      retryable: true,
      message: `${dir}: process ${process.pid} on ${hostname()} is at work in it`,
    });
    await lock.require();
    expect(beside(dir)).toEqual(['d.lock']);
    await lock.release();
  });

  it('is given to one of many that come at once', async () => {
    const dir = join(scratchFolder(), 'd');
    const ends = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(storage, dir)));
    const locks = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    expect(locks).toHaveLength(1);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'LOCKED' });
    await locks[0]!.release();
  });

  it('is taken over from a process of this host that has died', async () => {
    const dir = join(scratchFolder(), 'd');
    heldBy(dir, { host: hostname(), pid: deadPid() });
    await (await acquireLock(storage, dir)).release();
    expect(existsSync(ownerFile(dir))).toBe(false);
  });

  it('is taken over from another host only when that has been silent', async () => {
    const dir = join(scratchFolder(), 'd');
    heldBy(dir, { host: 'elsewhere', pid: 1 });
    await expect(acquireLock(storage, dir)).rejects.toThrow('process 1 on elsewhere is at work in it');
    const seconds = Date.now() / 1000 - 61;
    utimesSync(ownerFile(dir), seconds, seconds);
    const lock = await acquireLock(storage, dir);
    await lock.require();
    await lock.release();
  });

  it('tells the one that has lost it, and leaves the other’s alone', async () => {
    const dir = join(scratchFolder(), 'd');
    const lock = await acquireLock(storage, dir);
    heldBy(dir, { host: 'elsewhere', pid: 7 });
    await expect(lock.require()).rejects.toThrow('process 7 on elsewhere is at work in it');
    expect(await lock.isMine()).toBe(false);
    await lock.release();
    expect(existsSync(ownerFile(dir))).toBe(true);
  });

  it.each([
    ['empty', (dir: string) => mkdirSync(`${dir}.lock`)],
    [
      'damaged',
      (dir: string) => {
        mkdirSync(`${dir}.lock`);
        writeFileSync(ownerFile(dir), '{');
      },
    ],
  ])('is taken over where it is %s', async (_, make) => {
    const dir = join(scratchFolder(), 'd');
    make(dir);
    await (await acquireLock(storage, dir)).release();
    expect(beside(dir)).toEqual([]);
  });

  it('stops at a signal, leaving nothing of its own', async () => {
    const dir = join(scratchFolder(), 'd');
    await expect(acquireLock(storage, dir, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow(
      'stopped',
    );
    expect(beside(dir)).toEqual([]);
  });
});
