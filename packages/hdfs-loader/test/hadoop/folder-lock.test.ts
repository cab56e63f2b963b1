import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../src/hadoop/folder-lock.js';
import { scratchFolder } from '../scratch-folder.js';

describe('withLock', () => {
  it('does one work at a time, and leaves nothing', async () => {
    const dir = scratchFolder();
    let inside = 0;
    let most = 0;
    const done: number[] = [];
    const work = (i: number) => async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      done.push(i);
    };
    await Promise.all([1, 2, 3].map((i) => withLock(join(dir, 'lock'), {}, work(i))));
    expect(most).toBe(1);
    expect(done).toHaveLength(3);
    expect(await readdir(dir)).toEqual([]);
  });

  it('is free again after a work that failed', async () => {
    const lock = join(scratchFolder(), 'lock');
    const failing = withLock(lock, {}, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await withLock(lock, {}, () => Promise.resolve(5))).toBe(5);
  });

  it('breaks the lock of a process that has ended', async () => {
    const lock = join(scratchFolder(), 'lock');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(lock, String(pid));
    expect(await withLock(lock, {}, () => Promise.resolve('mine'))).toBe('mine');
  });

  it('tells whom it waits for, and stops waiting when told', async () => {
    const lock = join(scratchFolder(), 'lock');
    await writeFile(lock, String(process.pid));
    const abort = new AbortController();
    const told: number[] = [];
    const onWait = (pid: number): void => {
      told.push(pid);
      abort.abort(new Error('enough'));
    };
    const waiting = withLock(lock, { onWait, signal: abort.signal }, () => Promise.resolve());
    await expect(waiting).rejects.toThrow('enough');
    expect(told).toEqual([process.pid]);
  });
});
