/** Starts the processes of a run on this machine, and sees to it that they end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeStart } from './control-messages.js';
import { STOP_MS } from './timing.js';

/** Beside this file when built; in dist when this is the source. */
const NODE_MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/node-main.js' : './node-main.js', import.meta.url),
);

/** How a process ended. */
export interface NodeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the run. */
export interface NodeProcess {
  readonly role: NodeStart['role'];
  readonly rank: number;
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<NodeExit>;
  /** The line of its log that says best why it ended; empty where it wrote none. */
  lastWords(): string;
  /** Resolves when it has ended; kills it if it has not within a few seconds. */
  end(): Promise<NodeExit>;
}

/**
 * Starts one process. Its standard input carries what it must know, and stays open: its end tells the process that the
 * coordinator is gone. Its output goes to a file of its own, so that it never waits for a reader.
 *
 * @throws the system's error when the log cannot be opened or the process not be started
 */
export async function startNode(start: NodeStart, logDir: string): Promise<NodeProcess> {
  const logFile = join(logDir, `${start.role}-${start.rank}.log`);
  const log = openSync(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, ['--enable-source-maps', NODE_MAIN], { stdio: ['pipe', log, log] });
  } finally {
    closeSync(log);
  }
  const exited = new Promise<NodeExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  // A process that ends before it has read its line is reported by `exited`, not by the broken pipe.
  child.stdin?.on('error', () => {});
  child.stdin?.write(`${JSON.stringify(start)}\n`);
  return await new Promise((resolve, reject) => {
    // Stays: later errors (a signal that could not be sent) must not be thrown, and the promise is settled by then.
    child.on('error', reject);
    child.once('spawn', () => resolve(nodeProcess(start, child, { logFile, exited })));
  });
}

/** Of a log, as much of its end as can hold an error and its stack. */
const TAIL_BYTES = 64 * 1024;

function readTail(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const bytes = readSync(fd, tail, 0, tail.length, size - tail.length);
    return tail.toString('utf8', 0, bytes);
  } finally {
    closeSync(fd);
  }
}

/** Node prints more after an error's own line: its stack, its properties, its version. */
const ERROR_LINE = /^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)\b|^FATAL ERROR/;

function lastWordsOf(file: string): string {
  let text: string;
  try {
    text = readTail(file);
  } catch {
    return '';
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v\d/.test(line));
  return (lines.findLast((line) => ERROR_LINE.test(line)) ?? lines.at(-1) ?? '').trim();
}

function nodeProcess(
  start: NodeStart,
  child: ChildProcess,
  o: { logFile: string; exited: Promise<NodeExit> },
): NodeProcess {
  return {
    role: start.role,
    rank: start.rank,
    pid: child.pid ?? -1,
    logFile: o.logFile,
    exited: o.exited,
    lastWords: () => lastWordsOf(o.logFile),
    end: async () => {
      child.stdin?.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const exit = await o.exited;
      clearTimeout(timer);
      return exit;
    },
  };
}
