/** The coordinator's side of a run: its server, its processes, and the first thing that goes wrong. */
import { type Answer, type Connection, listen, type Message, newToken, type Server } from '@weft/transport';
import type { NodeSeat, NodeStart } from './control-messages.js';
import { deferred } from './deferred.js';
import { ClusterError, interrupted } from './errors.js';
import { coordinatorAddress, type Host } from './hosts.js';
import type { NodeProcess } from './launcher.js';
import { placesFor, tlsOptions } from './node-connection.js';
import { NodeGroup, withPid } from './node-group.js';
import { BARRIER_MS, DETECTION_MS, HEARTBEAT_MS, START_MS } from './timing.js';

export interface RunControlOptions {
  /** Name of the run: part of every handshake. */
  readonly run: string;
  readonly hosts: readonly Host[];
  /** Whether the run gives up TLS. */
  readonly insecure: boolean;
  /** How many processes it has. */
  readonly members: number;
  readonly logDir: string;
  readonly signal: AbortSignal;
  /** Answers a process; an answer that is held back is a barrier. */
  readonly answer: (message: Message) => Answer | undefined | Promise<Answer | undefined>;
  /** Whether a process has come up: one that has not in two minutes ends the run. */
  readonly isReady: (node: NodeProcess) => boolean;
}

export class RunControl {
  readonly token = newToken();
  readonly #o: RunControlOptions;
  readonly #group = new NodeGroup({ onFailure: (error) => this.fail(error) });
  /** Rejects with the first thing that goes wrong. */
  readonly #failure = deferred<never>();
  #server: Server | null = null;

  constructor(o: RunControlOptions) {
    this.#o = o;
    this.#failure.promise.catch(() => {});
  }

  /**
   * Listens, and does what a run does, which begins with start(). It ends early with the first failure, be it a process's, the
   * signal's or what fail() was given; end() is to be called then as well.
   *
   * @throws {ClusterError} `node` when a process fails, `interrupted` when the signal aborts, and what fail() was given
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#o;
    const onAbort = (): void => this.fail(interrupted());
    if (signal.aborted) throw interrupted();
    signal.addEventListener('abort', onAbort, { once: true });
    const late = setTimeout(() => this.#failLate(), START_MS);
    try {
      this.#server = await this.#listen();
      return await Promise.race([work(), this.#failure.promise]);
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Starts the processes. @throws {ClusterError} `node` when one cannot be started */
  async start(seats: readonly NodeSeat[]): Promise<readonly NodeProcess[]> {
    const { run, insecure, logDir } = this.#o;
    const { host, port } = this.#server!;
    const token = Buffer.from(this.token).toString('hex');
    const starts = seats.map((seat): NodeStart => ({ run, token, insecure, host, port, ...seat }));
    await this.#group.start(starts, logDir);
    return this.#group.nodes;
  }

  connection(member: Pick<NodeSeat, 'role' | 'rank'>): Connection | undefined {
    return this.#group.connection(member);
  }

  /** A process has said why it cannot go on. */
  failed(peer: { role: string; rank: number }, message: string): void {
    this.#group.failed(peer, message);
  }

  /** Ends the run; the first error counts. */
  fail(error: unknown): void {
    this.#failure.reject(error);
  }

  /** A watcher that throws (a full disk, a view) ends the run. No process is told: it could not help. */
  tell(call: () => void | Promise<void>): void {
    try {
      Promise.resolve(call()).catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Tells every process to end, and returns when all have. */
  async end(): Promise<void> {
    await this.#group.end();
    await this.#server?.close();
  }

  async #listen(): Promise<Server> {
    const { hosts, run, insecure, members, answer } = this.#o;
    return await listen({
      host: coordinatorAddress(hosts),
      port: 0,
      identity: { role: 'coordinator', rank: 0, run },
      token: this.token,
      heartbeatMs: HEARTBEAT_MS,
      detectionMs: DETECTION_MS,
      ...tlsOptions({ insecure }),
      ...placesFor(members),
      handler: answer,
      handlerTimeoutMs: BARRIER_MS,
      onConnection: (connection) => this.#group.connected(connection),
    });
  }

  #failLate(): void {
    const { members, isReady } = this.#o;
    const { nodes } = this.#group;
    const missing = nodes.filter((node) => !isReady(node));
    const notStarted = members - nodes.length;
    if (missing.length + notStarted === 0) return;
    const [first] = missing;
    const others = missing.length > 1 ? ` (and ${missing.length - 1} more)` : '';
    const who = first ? `${withPid(first)}${others}` : `${notStarted} processes`;
    const log = first ? `; log: ${first.logFile}` : '';
    this.fail(new ClusterError('node', `${who} not ready after ${START_MS / 1000} s${log}`));
  }
}
