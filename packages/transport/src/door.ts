import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { checkAddress } from './address.js';
import type { AuthenticatedSocket } from './authentication.js';
import { checkTimeout, deadline } from './deadline.js';
import { TransportError } from './errors.js';
import { HelloStatus } from './hello.js';
import { checkIdentity, type Identity } from './identity.js';
import { checkToken } from './keys.js';
import { DEFAULT_TIMES } from './limits.js';
import { Reception } from './reception.js';
import { serverContext } from './tls-channel.js';
import { checkTlsMode, type TlsOptions, wantsTls } from './tls-mode.js';
import { UnauthenticatedSockets } from './unauthenticated-sockets.js';
import { selfName, waitError } from './wait-error.js';

export interface DoorOptions extends TlsOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: a free one. */
  readonly port?: number | undefined;
  /** Who this side is. */
  readonly identity: Identity;
  /** The run's token: 32 random bytes. */
  readonly token: Uint8Array;
  /**
   * Authenticated connections; one more is refused. Default 1,024. Only who has proved that it knows the token takes one of these
   * places: they are kept for the run's members, whatever strangers do.
   */
  readonly maxConnections?: number | undefined;
  /**
   * Unauthenticated connections of one address; one more is refused. Default 16. Of all addresses there may be 16 times as many:
   * then the one that has waited longest gives way to the next.
   */
  readonly maxUnauthenticated?: number | undefined;
  /** Time for the whole handshake, TLS included. Default 5,000. */
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

const DEFAULT_MAX_CONNECTIONS = 1024;
const DEFAULT_MAX_UNAUTHENTICATED = 16;
/** Addresses that can have all their unauthenticated connections at once. */
const FULL_ADDRESSES = 16;

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
  checkTlsMode(o.tls);
  checkTimeout('authenticationTimeoutMs', o.authenticationTimeoutMs ?? DEFAULT_TIMES.authenticationMs);
  checkPlaces('maxConnections', o.maxConnections ?? DEFAULT_MAX_CONNECTIONS);
  checkPlaces('maxUnauthenticated', o.maxUnauthenticated ?? DEFAULT_MAX_UNAUTHENTICATED);
  const { host = '127.0.0.1', port = 0, signal } = o;
  checkAddress('listen', host, port);
  const sockets = createServer({ noDelay: true, pauseOnConnect: true });
  const door = new OpenDoor(o, sockets);
  await new Promise<void>((resolve, reject) => {
    const wait = { operation: `listen on ${host}:${port}`, self: selfName(o.identity) };
    const fail = (error: TransportError) => {
      done();
      sockets.close(); // or it would listen once the name is looked up
      reject(error);
    };
    // A host name may have to be looked up.
    const done = deadline({ timeoutMs: DEFAULT_TIMES.connectMs, signal, ...wait, onExpire: fail });
    sockets.once('error', (cause) => fail(waitError('address', wait, { reason: cause.message, cause })));
    sockets.listen({ host, port }, () => {
      done();
      resolve();
    });
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
  readonly #context = serverContext();
  /** Those that were handed over and are open. */
  #connections = 0;
  #closing: Promise<void> | undefined;

  constructor(o: DoorOptions, sockets: NetServer) {
    this.#o = o;
    this.#sockets = sockets;
    const perAddress = o.maxUnauthenticated ?? DEFAULT_MAX_UNAUTHENTICATED;
    this.#unauthenticated = new UnauthenticatedSockets({ perAddress, inAll: FULL_ADDRESSES * perAddress });
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
    // Where a socket that was handed over is still the server's (see detach), the server would wait for its end.
    const stopped = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, DEFAULT_TIMES.closeMs);
      this.#sockets.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#unauthenticated.destroyAll();
    await stopped;
  }

  #accept(accepted: Socket): void {
    const { identity, token, authenticationTimeoutMs } = this.#o;
    const reception = new Reception({
      accepted,
      secure: wantsTls(this.#o, accepted.localAddress),
      context: this.#context,
      identity,
      token,
      timeoutMs: authenticationTimeoutMs ?? DEFAULT_TIMES.authenticationMs,
      admit: () => this.#connections < (this.#o.maxConnections ?? DEFAULT_MAX_CONNECTIONS),
      onFailed: (error) => {
        this.#unauthenticated.leave(socket);
        this.#refuse(error, address);
      },
      onAuthenticated: (authenticated) => {
        this.#unauthenticated.leave(socket);
        this.#connections++;
        socket.once('close', () => this.#connections--);
        this.#o.onAuthenticated(authenticated);
      },
    });
    const { socket, address } = reception;
    const giveWay = () => {
      reception.end(new TransportError('refused', `handshake with ${address}: gave way to a newer connection`));
      socket.destroy();
    };
    const place = this.#unauthenticated.enter(socket, giveWay);
    if (place === 'admitted') {
      reception.begin();
      return;
    }
    this.#refuse(new TransportError('refused', `${address}: too many unauthenticated connections`), address);
    socket.once('close', () => this.#unauthenticated.leave(socket));
    if (place === 'tell') reception.turnAway(HelloStatus.busy);
    else socket.destroy();
  }

  #refuse(error: TransportError, address: string): void {
    this.#o.onRefused?.(error, address);
  }
}

function checkPlaces(name: string, places: number): void {
  if (Number.isSafeInteger(places) && places >= 1) return;
  throw new TransportError('configuration', `${name}: a whole number ≥ 1 expected, got ${String(places)}`);
}
