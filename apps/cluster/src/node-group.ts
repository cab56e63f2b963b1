/** The processes of a run: started one after the other, watched as long as it goes on, ended together. */
import type { Connection } from '@weft/transport';
import { ControlKind, type NodeStart } from './control-messages.js';
import { ClusterError, oneLine } from './errors.js';
import { type NodeExit, type NodeProcess, startNode } from './launcher.js';
import { HEARTBEAT_MS, NOTICE_MS, STOP_MS } from './timing.js';

type Member = Pick<NodeStart, 'role' | 'rank'>;

const nameOf = ({ role, rank }: { role: string; rank: number }): string => `${role} ${rank}`;

/** `worker 0 (pid 4711)` */
export const withPid = (node: NodeProcess): string => `${nameOf(node)} (pid ${node.pid})`;

export class NodeGroup {
  readonly #nodes: NodeProcess[] = [];
  readonly #connections = new Map<string, Connection>();
  /** Why nodes cannot go on, in their own words. */
  readonly #words = new Map<string, string>();
  readonly #onFailure: (error: ClusterError) => void;
  #starting: Promise<void> = Promise.resolve();
  #ending = false;

  /** @param o.onFailure takes what goes wrong, whatever is first; not called any more once end() was */
  constructor(o: { onFailure: (error: ClusterError) => void }) {
    this.#onFailure = o.onFailure;
  }

  get nodes(): readonly NodeProcess[] {
    return this.#nodes;
  }

  connection(member: Member): Connection | undefined {
    return this.#connections.get(nameOf(member));
  }

  /**
   * Starts processes, until end() is called.
   *
   * @throws {ClusterError} `node` when one cannot be started
   */
  start(starts: readonly NodeStart[], logDir: string): Promise<void> {
    this.#starting = this.#startAll(starts, logDir);
    return this.#starting;
  }

  async #startAll(starts: readonly NodeStart[], logDir: string): Promise<void> {
    for (const start of starts) {
      if (this.#ending) return;
      const node = await startNode(start, logDir).catch((error: unknown) => {
        throw new ClusterError('node', `${nameOf(start)} cannot be started: ${oneLine(error)}`, { cause: error });
      });
      this.#nodes.push(node);
      void node.exited.then((exit) => this.#exited(node, exit));
    }
  }

  /** A process has connected. */
  connected(connection: Connection): void {
    const { peer } = connection;
    this.#connections.set(nameOf(peer), connection);
    void connection.closed.then((reason) => {
      // A process that has died says more by its exit; one that lives on has gone silent.
      const why = reason ? oneLine(reason) : 'closed by it';
      this.#failUnlessExited(peer, `connection lost: ${why}`, HEARTBEAT_MS);
    });
  }

  /** A process has said why it cannot go on. */
  failed(peer: { role: string; rank: number }, message: string): void {
    const name = nameOf(peer);
    const words = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
    this.#words.set(name, words);
    // It ends at once, and then its words are used. A process that it lost has died before: that exit is noticed before its.
    this.#failUnlessExited(peer, words, STOP_MS);
  }

  #failUnlessExited(peer: { role: string; rank: number }, words: string, graceMs: number): void {
    if (this.#ending) return;
    const node = this.#nodes.find((n) => nameOf(n) === nameOf(peer));
    const timer = setTimeout(() => this.#fail(`${nameOf(peer)}: ${words}`, node), node ? graceMs : 0);
    void node?.exited.then(() => clearTimeout(timer));
  }

  #exited(node: NodeProcess, { code, signal }: NodeExit): void {
    if (this.#ending) return;
    const words = this.#words.get(nameOf(node));
    if (words !== undefined && signal === null) {
      this.#fail(`${nameOf(node)}: ${words}`, node);
    } else {
      const how = signal ? `was ended by ${signal}` : `ended with status ${code}`;
      this.#fail(`${withPid(node)} ${how}: ${node.lastWords() || 'it wrote nothing'}`, node);
    }
  }

  #fail(message: string, node: NodeProcess | undefined): void {
    if (!this.#ending) this.#onFailure(new ClusterError('node', node ? `${message}; log: ${node.logFile}` : message));
  }

  /** Tells every process to end, and returns when all have; kills those that do not. */
  async end(): Promise<void> {
    this.#ending = true;
    // The process that is being started just now must be ended too. Why it could not be started was told already.
    await this.#starting.catch(() => {});
    await Promise.all(
      this.#nodes.map(async (node) => {
        await this.connection(node)
          ?.notify(ControlKind.stop, {}, undefined, { timeoutMs: NOTICE_MS })
          .catch(() => {});
        await node.end();
      }),
    );
  }
}
