import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonCommand } from '../../src/hadoop/daemon-command.js';

/** A daemon that is a shell script. */
export function scriptCommand(dir: string, script: string): DaemonCommand {
  const logFile = `${dir}/dn1.log`;
  return { id: 'dn1', words: ['/bin/sh', '-c', script, 'sh', logFile], logFile, outFile: `${dir}/dn1.out` };
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  // One that nobody has reaped yet has ended.
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves when none of them runs. The end of another's child is no event, hence the looks. */
export async function allEnded(pids: readonly number[]): Promise<void> {
  while (pids.some(runs)) await delay(20);
}
