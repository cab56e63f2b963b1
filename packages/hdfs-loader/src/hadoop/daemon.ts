/** A daemon that lives no longer than this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { LoaderError } from '../errors.js';
import { type DaemonCommand, lastWords } from './daemon-command.js';

/**
 * Starts a program, says its pid, and kills it when the pipe 3 ends, whose other end this process holds: however that dies, the pipe ends
 * with it. As the program's parent it reaps it, so the pid is nobody else's until then.
 */
const GUARD = `
"$@" 3<&- 4>&- </dev/null &
pid=$!
echo $pid >&4
exec 4>&-
{ read -r line; kill -KILL $pid; } <&3 2>/dev/null &
guard=$!
exec 3<&-
wait $pid
status=$?
kill $guard 2>/dev/null
exit $status
`;

/** After SIGTERM. */
const STOP_MS = 20_000;

/** One process, and the next one in its place. */
export class Daemon {
  #child: ChildProcess | null = null;
  #pid = 0;
  #ended: Promise<number | null> = Promise.resolve(null);

  constructor(readonly command: DaemonCommand) {}

  /** Of the last process. */
  get pid(): number {
    return this.#pid;
  }

  get running(): boolean {
    return this.#child !== null;
  }

  /** Resolves when the process has ended, with its exit status: 128 and more after a signal, null where it could not be started. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Starts the process; does not wait for it to serve. @throws LoaderError INVALID_ARGUMENT when it runs already; IO */
  async start(): Promise<void> {
    const { id, words, logFile, outFile } = this.command;
    if (this.#child) throw new LoaderError('INVALID_ARGUMENT', `${id} runs already, as process ${this.#pid}`);
    // What an earlier process said is no reason for this one.
    await rm(logFile, { force: true });
    const out = openSync(outFile, 'w');
    // In a session of its own: Ctrl-C is for this process, which then ends the daemons in order.
    const child = spawn('/bin/sh', ['-c', GUARD, 'sh', ...words], {
      detached: true,
      stdio: ['ignore', out, out, 'pipe', 'pipe'],
    });
    closeSync(out);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (status: number | null): void => {
        this.#child = null;
        for (const stream of child.stdio) stream?.destroy();
        resolve(status);
      };
      child.once('exit', end).once('error', () => end(null));
    });
    // Without /bin/sh there is no pid and no end of the stream.
    const said = await Promise.race([firstLine(child.stdio[4] as Readable), this.#ended.then(() => '')]);
    this.#pid = Number(said);
    if (!(this.#pid > 0)) throw new LoaderError('IO', `${id} could not be started: ${await lastWords(this.command)}`);
  }

  /** Sends a signal, and resolves at the end of the process where that ends it: at once after SIGKILL. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#child) return;
    try {
      process.kill(this.#pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    if (signal === 'SIGKILL') await this.#ended;
  }

  /** Ends the process in order; by SIGKILL when that takes longer than 20 s. */
  async stop(): Promise<void> {
    if (!this.#child) return;
    const timer = setTimeout(() => void this.kill('SIGKILL'), STOP_MS);
    try {
      await this.kill('SIGTERM');
      await this.#ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What it said last. */
  lastWords(): Promise<string> {
    return lastWords(this.command);
  }
}

async function firstLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) {
    text += piece as string;
    if (text.includes('\n')) break;
  }
  return text.trim();
}
