import type { AuthenticatedSocket } from './authentication.js';
import type { Connection, ConnectionOptions, Handler, WaitOptions } from './connection.js';
import { checkTimeout } from './deadline.js';
import { type Door, type DoorOptions, openDoor } from './door.js';
import { FrameConnection } from './frame-connection.js';
import { DEFAULT_TIMES, resolveLimits } from './limits.js';
import { wantsCrc } from './tls-mode.js';

export interface ListenOptions extends ConnectionOptions, Omit<DoorOptions, 'onAuthenticated'> {
  readonly handler: Handler;
  /** Called with each connection once it is authenticated, before anything of it is handled. */
  onConnection?(connection: Connection): void;
}

/** A listening server. */
export interface Server {
  readonly host: string;
  readonly port: number;
  /** Those that are authenticated and open. */
  readonly connections: ReadonlySet<Connection>;
  /** Stops listening and closes all connections, each as Connection's close does. Any number of calls; the first's options count. */
  close(options?: WaitOptions): Promise<void>;
}

/**
 * Listens for connections of the same run, and resolves when connections are accepted.
 *
 * @throws {TransportError} `configuration`; `address` when the address is taken or not this machine's; `aborted`
 * @example
 * const server = await listen({ identity: { role: 'shard', rank: 0, run: 'r1' }, token, handler: ({ payload }) => ({ sendView: payload }) });
 */
export async function listen(o: ListenOptions): Promise<Server> {
  resolveLimits(o.limits);
  checkTimeout('heartbeatMs', o.heartbeatMs ?? DEFAULT_TIMES.heartbeatMs);
  checkTimeout('detectionMs', o.detectionMs ?? DEFAULT_TIMES.detectionMs);
  checkTimeout('handlerTimeoutMs', o.handlerTimeoutMs ?? DEFAULT_TIMES.handlerMs);
  const server = new FrameServer(o);
  await server.open();
  return server;
}

class FrameServer implements Server {
  readonly connections = new Set<Connection>();
  readonly #o: ListenOptions;
  #door: Door | undefined;
  readonly #onAbort = () => void this.close();
  #closing: Promise<void> | undefined;

  constructor(o: ListenOptions) {
    this.#o = o;
  }

  get host(): string {
    return this.#door!.host;
  }

  get port(): number {
    return this.#door!.port;
  }

  async open(): Promise<void> {
    const { signal } = this.#o;
    this.#door = await openDoor({ ...this.#o, onAuthenticated: (socket) => this.#enter(socket) });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) await this.close();
  }

  close(options: WaitOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async #close(options: WaitOptions): Promise<void> {
    this.#o.signal?.removeEventListener('abort', this.#onAbort);
    const closed = this.#door!.close();
    await Promise.all([...this.connections].map((connection) => connection.close(options)));
    await closed;
  }

  #enter({ socket, secure, peer, address, rest, intake }: AuthenticatedSocket): void {
    const crc = wantsCrc(this.#o.crc, { socket, secure });
    const connection = new FrameConnection({ ...this.#o, crc, socket, peer, address, straight: intake.straight });
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
    this.#o.onConnection?.(connection);
    if (rest.length > 0) connection.write(rest);
    intake.start(connection);
  }
}
