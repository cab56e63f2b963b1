import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Connection, ConnectionOptions, Handler, WaitOptions } from './connection.js';
import { checkTimeout, deadline } from './deadline.js';
import { TransportError } from './errors.js';
import { FrameConnection } from './frame-connection.js';
import { Handshake, handshakeProgress } from './handshake.js';
import { encodeHello, HelloStatus, NONCE_BYTES } from './hello.js';
import { checkIdentity, type Identity } from './identity.js';
import { checkToken } from './keys.js';
import { DEFAULT_TIMES, resolveLimits } from './limits.js';
import { FRAME_VERSION } from './prefix.js';
import { UnauthenticatedSockets } from './unauthenticated-sockets.js';
import { selfName, waitError } from './wait-error.js';

export interface ListenOptions extends ConnectionOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: a free one. */
  readonly port?: number | undefined;
  /** Who this side is. */
  readonly identity: Identity;
  /** The run's token: 32 random bytes. */
  readonly token: Uint8Array;
  /** Unauthenticated connections of one address; one more is refused. Default 16. */
  readonly maxUnauthenticated?: number | undefined;
  /** Time for the whole handshake. Default 5,000. */
  readonly authenticationTimeoutMs?: number | undefined;
  readonly handler: Handler;
  /** Called with each connection once it is authenticated, before anything of it is handled. */
  onConnection?(connection: Connection): void;
  /** Called when a connection was turned away, with the reason and the peer's address. */
  onRefused?(error: TransportError, address: string): void;
  /** Closes the server. */
  readonly signal?: AbortSignal | undefined;
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

const DEFAULT_MAX_UNAUTHENTICATED = 16;

/**
 * Listens for connections of the same run, and resolves when connections are accepted.
 *
 * @throws {TransportError} `configuration`; `address` when the address is taken or not this machine's; `aborted`
 * @example
 * const server = await listen({ identity: { role: 'shard', rank: 0, run: 'r1' }, token, handler: ({ payload }) => ({ payload }) });
 */
export async function listen(o: ListenOptions): Promise<Server> {
  checkIdentity(o.identity);
  checkToken(o.token);
  resolveLimits(o.limits);
  checkTimeout('authenticationTimeoutMs', o.authenticationTimeoutMs ?? DEFAULT_TIMES.authenticationMs);
  checkTimeout('heartbeatMs', o.heartbeatMs ?? DEFAULT_TIMES.heartbeatMs);
  checkTimeout('detectionMs', o.detectionMs ?? DEFAULT_TIMES.detectionMs);
  checkTimeout('handlerTimeoutMs', o.handlerTimeoutMs ?? DEFAULT_TIMES.handlerMs);
  const { host = '127.0.0.1', port = 0, signal } = o;
  const sockets = createServer({ noDelay: true });
  const server = new FrameServer(o, sockets);
  await new Promise<void>((resolve, reject) => {
    const operation = `listen on ${host}:${port}`;
    const self = selfName(o.identity);
    const fail = (error: TransportError) => {
      done();
      sockets.close(); // its callers would otherwise find the address taken
      reject(error);
    };
    // A host name may have to be looked up.
    const done = deadline({ timeoutMs: DEFAULT_TIMES.connectMs, signal, operation, self, onExpire: fail });
    sockets.once('error', (cause) => fail(waitError('address', { operation, self }, { reason: cause.message, cause })));
    sockets.listen({ host, port }, () => {
      done();
      resolve();
    });
  });
  server.started();
  return server;
}

class FrameServer implements Server {
  host = '';
  port = 0;
  readonly connections = new Set<Connection>();
  readonly #o: ListenOptions;
  readonly #sockets: NetServer;
  readonly #unauthenticated: UnauthenticatedSockets;
  #closing: Promise<void> | undefined;

  constructor(o: ListenOptions, sockets: NetServer) {
    this.#o = o;
    this.#sockets = sockets;
    this.#unauthenticated = new UnauthenticatedSockets(o.maxUnauthenticated ?? DEFAULT_MAX_UNAUTHENTICATED);
    sockets.on('connection', (socket) => this.#accept(socket));
  }

  started(): void {
    const address = this.#sockets.address() as AddressInfo;
    this.host = address.address;
    this.port = address.port;
    // A failed accept (too many open files) ends no connection that is open; the client sees a time-out.
    this.#sockets.removeAllListeners('error').on('error', (cause) => {
      this.#o.onRefused?.(new TransportError('address', `accept: ${cause.message}`, { cause }), '');
    });
    const { signal } = this.#o;
    if (signal === undefined) return;
    const onAbort = () => void this.close();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#sockets.once('close', () => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  }

  close(options: WaitOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async #close(options: WaitOptions): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
    this.#unauthenticated.destroyAll();
    await Promise.all([...this.connections].map((connection) => connection.close(options)));
    await stopped;
  }

  #accept(socket: Socket): void {
    const address = `${socket.remoteAddress}:${socket.remotePort}`;
    socket.on('error', () => {}); // what it means is told by 'close', which always follows
    const place = this.#unauthenticated.enter(socket);
    if (place !== 'admitted') {
      this.#refuse(new TransportError('refused', `${address}: too many unauthenticated connections`), address);
      if (place === 'tell') this.#tellBusy(socket);
      else socket.destroy();
      return;
    }
    const wait = { operation: `handshake with ${address}`, self: selfName(this.#o.identity), peer: address };
    const handshake = new Handshake({
      side: 'server',
      identity: this.#o.identity,
      token: this.#o.token,
      send: (bytes) => socket.write(bytes),
    });
    const end = (error: TransportError) => {
      if (!leave()) return;
      this.#refuse(error, address);
      if (error.code === 'timeout') socket.destroy();
      else socket.destroySoon(); // a refusal that was written is still sent
    };
    const done = deadline({
      timeoutMs: this.#o.authenticationTimeoutMs ?? DEFAULT_TIMES.authenticationMs,
      ...wait,
      progress: () => handshakeProgress(socket),
      onExpire: end,
    });
    const leave = (): boolean => {
      done();
      socket.off('data', take).off('close', onClose);
      return this.#unauthenticated.leave(socket);
    };
    const onClose = () => {
      const reason = 'the client ended the connection';
      end(waitError('lost', { ...wait, ...handshakeProgress(socket) }, { reason }));
    };
    const take = (chunk: Uint8Array) => {
      let rest: Uint8Array | undefined;
      try {
        rest = handshake.write(chunk);
      } catch (error) {
        end(error as TransportError);
        return;
      }
      if (rest === undefined) return;
      leave();
      this.#open({ socket, peer: handshake.authenticated!.peer, address, rest });
    };
    socket.on('data', take).on('close', onClose);
  }

  #open(o: { socket: Socket; peer: Identity; address: string; rest: Uint8Array }): void {
    const connection = new FrameConnection({
      ...this.#o,
      socket: o.socket,
      peer: o.peer,
      address: o.address,
      straight: false,
    });
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
    o.socket.on('data', (chunk) => connection.write(chunk));
    if (this.#closing !== undefined) {
      void connection.close();
      return;
    }
    this.#o.onConnection?.(connection);
    if (o.rest.length > 0) connection.write(o.rest);
  }

  #refuse(error: TransportError, address: string): void {
    this.#o.onRefused?.(error, address);
  }

  #tellBusy(socket: Socket): void {
    const hello = encodeHello({
      side: 'server',
      status: HelloStatus.busy,
      versions: { min: FRAME_VERSION, max: FRAME_VERSION },
      identity: this.#o.identity,
      nonce: new Uint8Array(NONCE_BYTES),
    });
    const timer = setTimeout(() => socket.destroy(), DEFAULT_TIMES.closeMs);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#unauthenticated.leave(socket);
    });
    socket.resume(); // unread bytes would turn the farewell into a reset
    socket.end(hello);
  }
}
