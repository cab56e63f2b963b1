/** A daemon that outlives this process, known by its pid file. */
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LoaderError } from '../errors.js';
import { type DaemonCommand, lastWords } from './daemon-command.js';

const run = promisify(execFile);

/** The shell that becomes the daemon leaves its pid first: there is no daemon without a pid file, whatever happens to who starts it. */
const LEAVE_PID = 'echo $$ >"$1.$$" && mv "$1.$$" "$1" && shift && exec "$@"';

/** Between two looks at a process that is nobody's child. */
const LOOK_MS = 50;
/** After SIGTERM. */
const STOP_MS = 20_000;

/** A process that runs. */
export interface DaemonProcess {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Bytes of it that are in memory; null where the system does not say. */
  readonly memoryBytes: number | null;
}

export class DetachedDaemon {
  constructor(
    readonly command: DaemonCommand,
    readonly pidFile: string,
  ) {}

  /** The process, or null. A pid that another program has by now is not taken for the daemon: its command line would name the same log file. */
  async find(): Promise<DaemonProcess | null> {
    const text = await readFile(this.pidFile, 'utf8').catch(() => '');
    const pid = Number(text.trim());
    if (!Number.isSafeInteger(pid) || pid <= 1) return null;
    if (!(await commandLine(pid)).includes(this.command.logFile)) return null;
    const since = await stat(this.pidFile).catch(() => null);
    return since && { pid, sinceMs: since.mtimeMs, memoryBytes: await memory(pid) };
  }

  /** Starts the process, where none runs; does not wait for it to serve. */
  async start(): Promise<void> {
    const { id, words, logFile, outFile } = this.command;
    await rm(this.pidFile, { force: true });
    // What an earlier process said is no reason for this one.
    await rm(logFile, { force: true });
    const out = openSync(outFile, 'w');
    const child = spawn('/bin/sh', ['-c', LEAVE_PID, 'sh', this.pidFile, ...words], {
      detached: true,
      stdio: ['ignore', out, out],
      cwd: '/',
    });
    closeSync(out);
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => reject(new LoaderError('IO', `${id}: ${cause.message}`, { cause })));
    });
    child.unref();
    // Until the shell has become Java there is a pid without the right command line.
    while (child.exitCode === null && (await this.find()) === null) await delay(LOOK_MS);
  }

  /** Ends the process in order; by SIGKILL when that takes longer than 20 s. @returns whether there was one */
  async stop(): Promise<boolean> {
    const found = await this.find();
    const killAtMs = Date.now() + STOP_MS;
    if (found) send(found.pid, 'SIGTERM');
    for (let killed = false; (await this.find()) !== null; await delay(LOOK_MS)) {
      if (killed || Date.now() < killAtMs || !found) continue;
      send(found.pid, 'SIGKILL');
      killed = true;
    }
    await rm(this.pidFile, { force: true });
    return found !== null;
  }

  lastWords(): Promise<string> {
    return lastWords(this.command);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new LoaderError(code === 'EPERM' ? 'PERMISSION' : 'IO', `process ${pid}: ${message}`, { cause: error });
  }
}

/** '' for a process that has ended, also where nobody has reaped it yet. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return ps(pid, 'command=');
}

async function memory(pid: number): Promise<number | null> {
  if (process.platform !== 'linux') return Number(await ps(pid, 'rss=')) * 1024 || null;
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(text) ?? [];
  return kib === undefined ? null : Number(kib) * 1024;
}

async function ps(pid: number, what: string): Promise<string> {
  try {
    return (await run('ps', ['-ww', '-o', what, '-p', String(pid)])).stdout.trim();
  } catch {
    return '';
  }
}
