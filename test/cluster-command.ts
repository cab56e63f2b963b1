/** Runs the command line as a user does, in a process of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../scripts/cluster.mjs', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the match once standard error has one. Rejects when the command ends without. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts `pnpm cluster …`. */
export function cluster(args: readonly string[], env: Record<string, string>): Command {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  const seen = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stderr);
        if (!match) return;
        child.stderr.off('data', look);
        resolve(match);
      };
      child.stderr.on('data', look);
      look();
      void ended.then((e) => reject(new Error(`${pattern} not seen; status ${e.status}: ${e.stderr}`)));
    });
  return { child, ended, seen };
}

/** The processes of a run, out of the line that names them. */
export async function startedPids(command: Command): Promise<number[]> {
  const [line] = await command.seen(/^started .*$/m);
  return [...line.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
}

/** Whether a process has ended. One that nobody has reaped yet (state Z) has. */
function hasEnded(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() === '' || stdout.trim().startsWith('Z');
}

/** Resolves when all have ended. The end of another's child is no event that Node could await, hence the looks. */
export async function allEnded(pids: readonly number[]): Promise<void> {
  while (!pids.every(hasEnded)) await new Promise((resolve) => setTimeout(resolve, 20));
}
