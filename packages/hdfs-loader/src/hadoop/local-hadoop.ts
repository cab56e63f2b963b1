/** A Hadoop on this machine that goes on when its starter ends: what `cluster hdfs` manages. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { LoaderError } from '../errors.js';
import { defaultFs, writeConfiguration } from './configuration.js';
import { Daemon } from './daemon.js';
import { dataNodeCommand, formatCommand, nameNodeCommand } from './daemon-command.js';
import { DetachedDaemon } from './detached-daemon.js';
import { withLock } from './folder-lock.js';
import { type Layout, planLayout } from './layout.js';
import type { Prepared } from './prepare.js';
import { openProbe, type Probe } from './probe.js';
import type { Program } from './program.js';

/** What a user decides; what is not given is as it was the last time, else as here. */
export interface LocalSettings {
  /** Default 1. */
  readonly dataNodes?: number | undefined;
  /** Copies of each block. Default: as many as DataNodes, at most 3. */
  readonly replication?: number | undefined;
  /** Bytes. Default 128 MiB. */
  readonly blockSize?: number | undefined;
  /** Of WebHDFS. Default 9870. */
  readonly httpPort?: number | undefined;
  /** Of Hadoop's own protocol. Default 8020. */
  readonly rpcPort?: number | undefined;
}

export interface LocalHadoopOptions {
  /** Folder for everything. */
  readonly dir: string;
  /** What happens now, a line each. */
  readonly onNotice?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface UpOptions extends LocalHadoopOptions, LocalSettings {
  /** Gives Java and the jars; asked only when something is to be started. */
  readonly prepare: () => Promise<Prepared>;
  /** Default 3 min. */
  readonly timeoutMs?: number | undefined;
}

/** A Hadoop as it was planned, kept in its folder. */
export interface LocalPlan {
  readonly layout: Layout;
  readonly settings: LocalSettings;
}

export interface UpResult extends LocalPlan {
  /** For openStorage. */
  readonly url: string;
  /** fs.defaultFS */
  readonly defaultFs: string;
  /** Whether everything ran before. */
  readonly already: boolean;
}

const TIMEOUT_MS = 180_000;
const LOOK_MS = 100;
const HOST = 'localhost';
const DEFAULTS = { dataNodes: 1, httpPort: 9870, rpcPort: 8020 };
/** These run for days: both compilers, room for some hundred thousand files. */
const JVM_ARGS = ['-Xmx512m', '-XX:+UseSerialGC'];

const planFile = (dir: string): string => join(dir, 'plan.json');

/** The plan of a folder; null where there is none. @throws LoaderError IO when it is damaged */
export async function readPlan(dir: string): Promise<LocalPlan | null> {
  let text: string;
  try {
    text = await readFile(planFile(dir), 'utf8');
  } catch {
    return null;
  }
  try {
    return JSON.parse(text) as LocalPlan;
  } catch (cause) {
    throw new LoaderError('IO', `${planFile(dir)}: JSON expected, got ${text.length} bytes of something else`, {
      cause,
    });
  }
}

/** The daemons of a plan: NameNode first. Commands are whole only with the program that runs them. */
export function daemonsOf(layout: Layout, found?: Prepared): DetachedDaemon[] {
  const nowhere = { java: { path: '', keytool: '', major: 0, build: '' }, jarsDir: '' };
  const program: Program = { ...(found ?? nowhere), layout, jvmArgs: JVM_ARGS };
  const commands = [nameNodeCommand(program, 0), ...layout.dataNodes.map((_, i) => dataNodeCommand(program, i))];
  return commands.map((command) => new DetachedDaemon(command, join(layout.dir, `${command.id}.pid`)));
}

export function localUrl({ nameNodes }: Layout): string {
  return `hdfs://${nameNodes[0]?.host}:${nameNodes[0]?.httpPort}`;
}

/**
 * Starts a NameNode and DataNodes on loopback, those that do not run yet, and waits until a file can be created. The folder is formatted
 * once; data that is there stays. Any number of processes may ask at once.
 *
 * @throws LoaderError EXISTS when a port is taken; UNAVAILABLE when a daemon ends, with what it logged last; TIMEOUT; INVALID_ARGUMENT
 */
export async function localUp(options: UpOptions): Promise<UpResult> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const { onNotice, signal } = options;
  const onWait = (pid: number): void =>
    onNotice?.(`process ${pid} is starting or stopping the same Hadoop: waiting for it`);
  return withLock(join(dir, 'lock'), { onWait, signal }, () => up(dir, options));
}

async function up(dir: string, options: UpOptions): Promise<UpResult> {
  const { onNotice, signal } = options;
  const before = await readPlan(dir);
  if (before) {
    const running = await Promise.all(daemonsOf(before.layout).map((daemon) => daemon.find()));
    if (running.every((one) => one !== null)) {
      refuseChange(before, options);
      await waitUntilUp({ ...options, layout: before.layout, daemons: daemonsOf(before.layout) });
      return { ...before, url: localUrl(before.layout), defaultFs: defaultFs(before.layout), already: true };
    }
    // What is left of it would hold the ports.
    await stopAll(daemonsOf(before.layout));
  }
  const settings = settled(before?.settings ?? {}, options);
  const { dataNodes = DEFAULTS.dataNodes, httpPort, rpcPort } = settings;
  const hosts = Array.from({ length: dataNodes }, () => HOST);
  const layout = await planLayout({
    dir,
    host: HOST,
    dataNodeHosts: hosts,
    ...(httpPort !== undefined && { httpPort }),
    ...(rpcPort !== undefined && { rpcPort }),
  });
  const found = await options.prepare();
  await writeConfiguration(layout, settings);
  const plan: LocalPlan = { layout, settings };
  await writeFile(`${planFile(dir)}.partial`, `${JSON.stringify(plan, null, 2)}\n`);
  await rename(`${planFile(dir)}.partial`, planFile(dir));
  await formatOnce({ ...found, layout, jvmArgs: JVM_ARGS }, onNotice);
  signal?.throwIfAborted();
  onNotice?.(`starting a NameNode and ${dataNodes} DataNode${dataNodes > 1 ? 's' : ''}`);
  const daemons = daemonsOf(layout, found);
  try {
    await Promise.all(daemons.map((daemon) => daemon.start()));
    await waitUntilUp({ ...options, layout, daemons });
  } catch (error) {
    await stopAll(daemons);
    throw error;
  }
  return { ...plan, url: localUrl(layout), defaultFs: defaultFs(layout), already: false };
}

/** What was said now, on top of what was said before. */
function settled(before: LocalSettings, now: LocalSettings): LocalSettings {
  const pick = <K extends keyof LocalSettings>(name: K): LocalSettings[K] => now[name] ?? before[name];
  const dataNodes = pick('dataNodes') ?? DEFAULTS.dataNodes;
  if (before.dataNodes !== undefined && dataNodes < before.dataNodes) {
    const message = `at least ${before.dataNodes} DataNodes expected, whose data is there, got ${dataNodes}`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  return {
    dataNodes,
    replication: pick('replication'),
    blockSize: pick('blockSize'),
    httpPort: pick('httpPort') ?? DEFAULTS.httpPort,
    rpcPort: pick('rpcPort') ?? DEFAULTS.rpcPort,
  };
}

function refuseChange({ settings }: LocalPlan, now: LocalSettings): void {
  for (const name of ['dataNodes', 'replication', 'blockSize', 'httpPort', 'rpcPort'] as const) {
    const [was, is] = [settings[name], now[name]];
    if (is === undefined || is === was) continue;
    throw new LoaderError('EXISTS', `Hadoop is up with ${name} ${was ?? 'by default'}: end it before it gets ${is}`);
  }
}

/** Under another name first: a folder that is there has been formatted whole. */
async function formatOnce(program: Program, onNotice?: (line: string) => void): Promise<void> {
  const { layout } = program;
  const nameDir = layout.nameNodes[0]?.nameDir ?? '';
  if (existsSync(nameDir)) return;
  onNotice?.(`formatting ${nameDir}`);
  const partial = `${nameDir}.partial`;
  await rm(partial, { recursive: true, force: true });
  const { words, ...command } = formatCommand(program, 0);
  const place = ['-D', `dfs.namenode.name.dir=${pathToFileURL(partial).href}`];
  const format = new Daemon({ ...command, words: [...words.slice(0, -2), ...place, ...words.slice(-2)] });
  await format.start();
  if ((await format.ended) !== 0) {
    throw new LoaderError('UNAVAILABLE', `Hadoop's NameNode could not be formatted: ${await format.lastWords()}`);
  }
  await rename(partial, nameDir);
}

async function waitUntilUp(o: {
  layout: Layout;
  daemons: readonly DetachedDaemon[];
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const { layout, daemons, timeoutMs = TIMEOUT_MS, signal } = o;
  const probe = openProbe(layout);
  const deadline = Date.now() + timeoutMs;
  try {
    while (!(await isUp(probe, layout))) {
      signal?.throwIfAborted();
      for (const daemon of daemons) {
        if ((await daemon.find()) !== null) continue;
        throw new LoaderError('UNAVAILABLE', `Hadoop's ${daemon.command.id} ended: ${await daemon.lastWords()}`);
      }
      if (Date.now() > deadline) {
        const said = await Promise.all(daemons.map(async (d) => `${d.command.id}: ${await d.lastWords()}`));
        throw new LoaderError('TIMEOUT', `expected Hadoop to be writable in ${timeoutMs} ms; ${said.join('; ')}`);
      }
      await delay(LOOK_MS);
    }
  } finally {
    await probe.close();
  }
}

async function isUp(probe: Probe, layout: Layout): Promise<boolean> {
  const known = await Promise.all(layout.dataNodes.map((_, i) => probe.registered(i, 1)));
  return known.every(Boolean) && probe.writable(0);
}

/** DataNodes first: without a NameNode they would complain. */
async function stopAll(daemons: readonly DetachedDaemon[]): Promise<number> {
  const [nameNode, ...dataNodes] = daemons;
  const stopped = await Promise.all(dataNodes.map((daemon) => daemon.stop()));
  if (nameNode) stopped.push(await nameNode.stop());
  return stopped.filter(Boolean).length;
}

/**
 * Ends the daemons in order; their data stays.
 *
 * @returns how many ran
 */
export async function localDown(options: LocalHadoopOptions): Promise<number> {
  const dir = resolve(options.dir);
  const plan = await readPlan(dir);
  if (!plan) return 0;
  const onWait = (pid: number): void =>
    options.onNotice?.(`process ${pid} is starting or stopping the same Hadoop: waiting for it`);
  return withLock(join(dir, 'lock'), { onWait, signal: options.signal }, () => stopAll(daemonsOf(plan.layout)));
}
