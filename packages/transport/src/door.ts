import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { type AuthenticatedSocket, authenticate, NOWHERE, remoteOf } from './authentication.js';
import { checkTimeout, deadline } from './deadline.js';
import { TransportError } from './errors.js';
import { encodeHello, HelloStatus, NONCE_BYTES } from './hello.js';
import { checkIdentity, type Identity } from './identity.js';
import { checkToken } from './keys.js';
import { DEFAULT_TIMES } from './limits.js';
import { FRAME_VERSION } from './prefix.js';
import { adopt, type SocketIntake } from './socket-intake.js';
import { UnauthenticatedSockets } from './unauthenticated-sockets.js';

export interface DoorOptions {
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
  /** Called with each socket once its peer has proved itself; it is the callee's then, and not read until its intake is started. */
  onAuthenticated(socket: AuthenticatedSocket): void;
  /** Called when a connection was turned away, with the reason and the peer's address. */
  onRefused?(error: TransportError, address: string): void;
  /** Closes the door. */
  readonly signal?: AbortSignal | undefined;
}

/** Where peers of the same run come in. */
export interface Door {
  readonly host: string;
  readonly port: number;
  /** Lets nobody in any more; sockets that were handed over stay open. Any number of calls. */
  close(): Promise<void>;
}

const DEFAULT_MAX_UNAUTHENTICATED = 16;

/**
 * Listens, lets in who proves that it knows the run's token, and resolves when connections are accepted.
 *
 * @throws {TransportError} `configuration`; `address` when the address is taken or not this machine's; `aborted`
 * @example
 * const door = await openDoor({ identity, token, onAuthenticated: ({ peer, socket, rest, intake }) => members.set(peer.rank, socket) });
 */
export async function openDoor(o: DoorOptions): Promise<Door> {
  checkIdentity(o.identity);
  checkToken(o.token);
  checkTimeout('authenticationTimeoutMs', o.authenticationTimeoutMs ?? DEFAULT_TIMES.authenticationMs);
  const { host = '127.0.0.1', port = 0, signal } = o;
  if (signal?.aborted === true) throw new TransportError('aborted', 'listen: aborted', { cause: signal.reason });
  const sockets = createServer({ noDelay: true, pauseOnConnect: true });
  const door = new OpenDoor(o, sockets);
  await new Promise<void>((resolve, reject) => {
    sockets.once('error', (cause) =>
      reject(new TransportError('address', `listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    sockets.listen({ host, port }, resolve);
  });
  door.opened();
  return door;
}

class OpenDoor implements Door {
  host = '';
  port = 0;
  readonly #o: DoorOptions;
  readonly #sockets: NetServer;
  readonly #unauthenticated: UnauthenticatedSockets;
  #closing: Promise<void> | undefined;

  constructor(o: DoorOptions, sockets: NetServer) {
    this.#o = o;
    this.#sockets = sockets;
    this.#unauthenticated = new UnauthenticatedSockets(o.maxUnauthenticated ?? DEFAULT_MAX_UNAUTHENTICATED);
    sockets.on('connection', (socket) => this.#accept(socket));
  }

  opened(): void {
    const address = this.#sockets.address() as AddressInfo;
    this.host = address.address;
    this.port = address.port;
    // A failed accept (too many open files) ends no connection that is open; the client sees a time-out.
    this.#sockets.removeAllListeners('error').on('error', (cause) => {
      this.#refuse(new TransportError('address', `accept: ${cause.message}`, { cause }), '');
    });
    const { signal } = this.#o;
    if (signal === undefined) return;
    const onAbort = () => void this.close();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#sockets.once('close', () => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
    this.#unauthenticated.destroyAll();
    await stopped;
  }

  #accept(accepted: Socket): void {
    const { socket, intake } = adopt(accepted);
    const address = remoteOf(socket);
    socket.on('error', () => {}); // what it means is told by 'close', which always follows
    const place = this.#unauthenticated.enter(socket);
    if (place !== 'admitted') {
      this.#refuse(new TransportError('refused', `${address}: too many unauthenticated connections`), address);
      if (place === 'tell') this.#tellBusy(socket, intake);
      else socket.destroy();
      return;
    }
    const end = (error: TransportError) => {
      if (!leave()) return;
      this.#refuse(error, address);
      if (error.code === 'timeout') socket.destroy();
      else socket.destroySoon(); // a refusal that was written is still sent
    };
    const done = deadline({
      timeoutMs: this.#o.authenticationTimeoutMs ?? DEFAULT_TIMES.authenticationMs,
      operation: `handshake with ${address}`,
      onExpire: end,
    });
    const leave = (): boolean => {
      done();
      socket.off('close', onClose).off('end', onClose);
      return this.#unauthenticated.leave(socket);
    };
    const onClose = () => end(new TransportError('lost', `handshake with ${address}: the client ended the connection`));
    socket.on('close', onClose).on('end', onClose);
    authenticate({
      side: 'server',
      identity: this.#o.identity,
      token: this.#o.token,
      socket,
      intake,
      secure: false,
      onFailed: end,
      onAuthenticated: (authenticated) => {
        leave();
        this.#o.onAuthenticated(authenticated);
      },
    });
  }

  #refuse(error: TransportError, address: string): void {
    this.#o.onRefused?.(error, address);
  }

  #tellBusy(socket: Socket, intake: SocketIntake): void {
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
    intake.start(NOWHERE);
    socket.end(hello);
  }
}
