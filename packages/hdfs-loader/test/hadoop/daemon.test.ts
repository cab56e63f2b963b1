import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Daemon } from '../../src/hadoop/daemon.js';
import { scratchFolder } from '../scratch-folder.js';
import { allEnded, scriptCommand } from './processes.js';

const make = (script: string): Daemon => new Daemon(scriptCommand(scratchFolder(), script));

describe('Daemon', () => {
  it('ends at once by SIGKILL, and can be started again', async () => {
    const daemon = make('exec sleep 600');
    for (let i = 0; i < 2; i++) {
      await daemon.start();
      expect(daemon.running).toBe(true);
      expect(() => process.kill(daemon.pid, 0)).not.toThrow();
      await daemon.kill();
      expect(daemon.running).toBe(false);
      expect(await daemon.ended).toBe(137);
      await allEnded([daemon.pid]);
    }
  });

  it('ends in order by SIGTERM', async () => {
    const daemon = make('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done');
    await daemon.start();
    await expect.poll(() => daemon.lastWords(), { timeout: 20_000 }).toBe('ready');
    await daemon.stop();
    expect(await daemon.ended).toBe(3);
  });

  it('says the exit status of what ends by itself, and what it said', async () => {
    const daemon = make('echo no such class; exit 7');
    await daemon.start();
    expect(await daemon.ended).toBe(7);
    expect(await daemon.lastWords()).toBe('no such class');
    await daemon.stop();
    await daemon.kill();
  });

  it('refuses to start what runs', async () => {
    const daemon = make('exec sleep 600');
    await daemon.start();
    await expect(daemon.start()).rejects.toThrow(`dn1 runs already, as process ${daemon.pid}`);
    await daemon.kill();
  });

  it('dies with the process that has started it, even by kill -9', async () => {
    const dir = scratchFolder();
    const script = join(dir, 'start.mjs');
    const built = new URL('../../dist/hadoop/daemon.js', import.meta.url).href;
    await writeFile(
      script,
      `const { Daemon } = await import(${JSON.stringify(built)});
       const daemon = new Daemon(${JSON.stringify(scriptCommand(dir, 'exec sleep 600'))});
       await daemon.start();
       console.log(daemon.pid);`,
    );
    const starter = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => starter.stdout.once('data', (text) => resolve(Number(text))));
    expect(() => process.kill(pid, 0)).not.toThrow();
    starter.kill('SIGKILL');
    await allEnded([pid]);
  });
});
