import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DetachedDaemon } from '../../src/hadoop/detached-daemon.js';
import { scratchFolder } from '../scratch-folder.js';
import { allEnded, scriptCommand } from './processes.js';

function make(script: string): { daemon: DetachedDaemon; pidFile: string } {
  const dir = scratchFolder();
  const pidFile = join(dir, 'dn1.pid');
  return { daemon: new DetachedDaemon(scriptCommand(dir, script), pidFile), pidFile };
}

describe('DetachedDaemon', () => {
  it('is found by its pid file until it is stopped', async () => {
    const { daemon, pidFile } = make('while :; do sleep 0.05; done');
    expect(await daemon.find()).toBeNull();
    const before = Date.now();
    await daemon.start();
    const found = await daemon.find();
    expect(Number(await readFile(pidFile, 'utf8'))).toBe(found?.pid);
    expect(found?.memoryBytes).toBeGreaterThan(0);
    // Times of files are of the file system's making.
    expect(found?.sinceMs).toBeGreaterThan(before - 2_000);
    expect(await daemon.stop()).toBe(true);
    await allEnded([found!.pid]);
    expect(await daemon.find()).toBeNull();
    expect(await daemon.stop()).toBe(false);
  });

  it('never takes another process for its own', async () => {
    const { daemon, pidFile } = make('exit 0');
    await writeFile(pidFile, String(process.pid));
    expect(await daemon.find()).toBeNull();
    expect(await daemon.stop()).toBe(false);
  });

  it.each(['', 'nonsense', '-1', '1', '99999999'])('takes %j for no process', async (text) => {
    const { daemon, pidFile } = make('exit 0');
    await writeFile(pidFile, text);
    expect(await daemon.find()).toBeNull();
  });

  it('says what one that ended at once has said', async () => {
    const { daemon } = make('echo no room; exit 1');
    await daemon.start();
    await expect.poll(() => daemon.lastWords(), { timeout: 20_000 }).toBe('no room');
    await expect.poll(() => daemon.find(), { timeout: 20_000 }).toBeNull();
  });
});
