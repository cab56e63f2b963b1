/** NameNodes and DataNodes as children of this process. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LoaderError } from '../errors.js';
import { defaultFs } from './configuration.js';
import { Daemon } from './daemon.js';
import { dataNodeCommand, formatCommand, nameNodeCommand, toolWords } from './daemon-command.js';
import type { Hadoop, HadoopDaemon, HadoopNameNode } from './hadoop.js';
import type { NameNodeLayout } from './layout.js';
import { openProbe, type Probe } from './probe.js';
import type { Program } from './program.js';

const run = promisify(execFile);

/** Between two looks at what is no event. */
const LOOK_MS = 50;

const DFS_ADMIN = 'org.apache.hadoop.hdfs.tools.DFSAdmin';
const HA_ADMIN = 'org.apache.hadoop.hdfs.tools.DFSHAAdmin';

export interface RunOptions {
  /** PEM, of HTTPS. */
  readonly ca: string | undefined;
  /** Deletes the folder when it is closed. */
  readonly temporary: boolean;
  /** Of every wait. */
  readonly timeoutMs: number;
}

class Handle implements HadoopDaemon {
  constructor(
    readonly at: { readonly host: string; readonly httpPort: number },
    readonly daemon: Daemon,
    readonly up: () => Promise<void>,
  ) {}

  get host(): string {
    return this.at.host;
  }

  get httpPort(): number {
    return this.at.httpPort;
  }

  get pid(): number {
    return this.daemon.pid;
  }

  kill(signal?: NodeJS.Signals): Promise<void> {
    return this.daemon.kill(signal);
  }

  stop(): Promise<void> {
    return this.daemon.stop();
  }

  async start(): Promise<void> {
    await this.daemon.start();
    await this.up();
  }
}

class NameNodeHandle extends Handle implements HadoopNameNode {
  readonly rpcPort: number;

  constructor(at: NameNodeLayout, daemon: Daemon, up: () => Promise<void>) {
    super(at, daemon, up);
    this.rpcPort = at.rpcPort;
  }
}

export class RunningHadoop implements Hadoop {
  readonly nameNodes: readonly Handle[] & readonly HadoopNameNode[];
  readonly dataNodes: readonly Handle[];
  readonly #program: Program;
  readonly #options: RunOptions;
  readonly #probe: Probe;
  #closed: Promise<void> | null = null;

  constructor(program: Program, options: RunOptions) {
    this.#program = program;
    this.#options = options;
    const { layout } = program;
    this.#probe = openProbe(layout, options.ca);
    this.nameNodes = layout.nameNodes.map((at, i) => {
      const daemon = new Daemon(nameNodeCommand(program, i));
      return new NameNodeHandle(at, daemon, () =>
        this.#until(async () => (await this.#probe.nameNodeState(i)) !== null, `${at.id} to answer`, [daemon]),
      );
    });
    this.dataNodes = layout.dataNodes.map((at, i) => {
      const daemon = new Daemon(dataNodeCommand(program, i));
      return new Handle(at, daemon, () =>
        this.#until(() => this.#registered(i), `${at.id} to be known to the NameNode`, [daemon]),
      );
    });
  }

  get url(): string {
    const { nameNodes, https } = this.#program.layout;
    const authorities = nameNodes.map(({ host, httpPort }) => `${host}:${httpPort}`);
    return `${https ? 'swebhdfs' : 'hdfs'}://${authorities.join(',')}`;
  }

  get defaultFs(): string {
    return defaultFs(this.#program.layout);
  }

  get confDir(): string {
    return this.#program.layout.confDir;
  }

  get logDir(): string {
    return this.#program.layout.logDir;
  }

  get ca(): string | undefined {
    return this.#options.ca;
  }

  /** Formats and starts everything. DataNodes start beside the NameNode, for which they wait. */
  async begin(): Promise<void> {
    await Promise.all([this.#beginNameNodes(), ...this.dataNodes.map((node) => node.daemon.start())]);
    await Promise.all(this.dataNodes.map((node) => node.up()));
    await this.ready();
  }

  async #beginNameNodes(): Promise<void> {
    const [first, second] = this.nameNodes;
    await this.#format(0);
    await first?.start();
    if (!second) return;
    await this.#format(1);
    await second.start();
    await this.command(HA_ADMIN, ['-transitionToActive', 'nn1']);
  }

  async #format(i: number): Promise<void> {
    const format = new Daemon(formatCommand(this.#program, i));
    await format.start();
    const status = await format.ended;
    if (status !== 0) throw new LoaderError('UNAVAILABLE', `${format.command.id} failed: ${await format.lastWords()}`);
  }

  async ready(): Promise<void> {
    const nameNodes = this.nameNodes.map((node) => node.daemon).filter((daemon) => daemon.running);
    const writable = async (): Promise<boolean> => {
      for (const i of this.nameNodes.keys()) if (await this.#probe.writable(i)) return true;
      return false;
    };
    await this.#until(writable, 'a file to be created', nameNodes);
  }

  /** Known to every NameNode that runs. */
  #registered(i: number): Promise<boolean> {
    return this.#probe.registered(i, this.nameNodes.filter((node) => node.daemon.running).length);
  }

  /** Looks until something is so. That a daemon is up is no event that Node could await; that it has ended is. */
  async #until(is: () => Promise<boolean>, what: string, needed: readonly Daemon[]): Promise<void> {
    const deadline = Date.now() + this.#options.timeoutMs;
    while (!(await is())) {
      const dead = needed.find((daemon) => !daemon.running);
      if (dead) throw new LoaderError('UNAVAILABLE', `Hadoop's ${dead.command.id} ended: ${await dead.lastWords()}`);
      if (Date.now() > deadline) {
        const said = await Promise.all(needed.map(async (d) => `${d.command.id}: ${await d.lastWords()}`));
        throw new LoaderError('TIMEOUT', `expected ${what} in ${this.#options.timeoutMs} ms; ${said.join('; ')}`);
      }
      await delay(LOOK_MS);
    }
  }

  async safeMode(action: 'enter' | 'leave'): Promise<void> {
    await this.command(DFS_ADMIN, ['-safemode', action]);
  }

  async failover(): Promise<void> {
    const states = await Promise.all(this.nameNodes.map((_, i) => this.#probe.nameNodeState(i)));
    const standby = states.indexOf('standby');
    const { nameNodes } = this.#program.layout;
    const from = nameNodes[1 - standby];
    const to = nameNodes[standby];
    if (!from || !to)
      throw new LoaderError('UNAVAILABLE', `a NameNode that stands by expected, got ${states.join(', ')}`);
    await this.command(HA_ADMIN, ['-failover', '--forcefence', from.id, to.id]);
  }

  async command(className: string, args: readonly string[]): Promise<string> {
    const [java = '', ...words] = toolWords(this.#program, className, args);
    try {
      const { stdout } = await run(java, words, { maxBuffer: 1 << 26, timeout: this.#options.timeoutMs });
      return stdout;
    } catch (cause) {
      const { stderr = '', stdout = '', message } = cause as Error & { stderr?: string; stdout?: string };
      const said = `${stdout}\n${stderr}`.trim().split('\n').at(-1) || message;
      throw new LoaderError('IO', `${className} ${args.join(' ')}: ${said}`, { cause });
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.all([...this.dataNodes, ...this.nameNodes].map((node) => node.kill('SIGKILL')));
    await this.#probe.close();
    if (this.#options.temporary) await rm(this.#program.layout.dir, { recursive: true, force: true });
  }
}
