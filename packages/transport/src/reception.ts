import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type AuthenticatedSocket, authenticate, NOWHERE, remoteOf } from './authentication.js';
import { deadline } from './deadline.js';
import type { TransportError } from './errors.js';
import { handshakeProgress } from './handshake.js';
import { encodeHello, HelloStatus, NONCE_BYTES } from './hello.js';
import type { Identity } from './identity.js';
import { DEFAULT_TIMES } from './limits.js';
import { FRAME_VERSION } from './prefix.js';
import { detach } from './socket-handle.js';
import { adopt, intakeOf, type SocketIntake } from './socket-intake.js';
import { secureServer, TLS_RECORD_HANDSHAKE } from './tls-channel.js';
import { type Progress, selfName, type Wait, waitError } from './wait-error.js';

export interface ReceptionOptions {
  /** Accepted with pauseOnConnect, and not read yet. */
  readonly accepted: Socket;
  /** Whether it goes under TLS. A client that comes without is told so, and turned away: there is no falling back. */
  readonly secure: boolean;
  readonly context: SecureContext;
  readonly identity: Identity;
  readonly token: Uint8Array;
  /** For all of it, TLS included: a client that sends a byte now and then gains nothing. */
  readonly timeoutMs: number;
  /** Whether there is a place for one more authenticated peer. */
  admit(): boolean;
  /** Called once, or onFailed is. */
  onAuthenticated(socket: AuthenticatedSocket): void;
  /** The socket then ends by itself, once what was written to it is sent. */
  onFailed(error: TransportError): void;
}

/** From an accepted connection to an authenticated one, or to its end. */
export class Reception {
  /** The TCP socket. */
  readonly socket: Socket;
  readonly address: string;
  readonly #o: ReceptionOptions;
  readonly #intake: SocketIntake | undefined;
  /** What the peer is spoken to through: the TLS socket once there is one. */
  #outer: Socket;
  #done = () => {};
  #over = false;

  constructor(o: ReceptionOptions) {
    this.#o = o;
    if (o.secure) {
      this.socket = detach(o.accepted) ?? o.accepted;
    } else {
      const { socket, intake } = adopt(o.accepted);
      this.socket = socket;
      this.#intake = intake;
    }
    this.#outer = this.socket;
    this.address = remoteOf(this.socket);
    this.socket.on('error', () => {}); // what it means is told by 'close', which always follows
  }

  begin(): void {
    this.#done = deadline({
      timeoutMs: this.#o.timeoutMs,
      ...this.#wait,
      progress: () => this.#progress,
      onExpire: (error) => this.end(error),
    });
    this.#watch(this.socket);
    if (this.#intake !== undefined) this.#authenticate(this.socket, this.#intake);
    else this.socket.once('readable', () => this.#secure());
  }

  /** Turns the client away without hearing it. */
  turnAway(status: number): void {
    this.#done = deadline({
      timeoutMs: DEFAULT_TIMES.closeMs,
      operation: 'farewell',
      onExpire: () => this.socket.destroy(),
    });
    this.#over = true;
    this.socket.once('close', this.#done);
    // Under TLS there is nothing that it could understand yet.
    if (this.#intake === undefined) this.socket.destroy();
    else this.#intake.start(NOWHERE);
    this.#tell(status);
  }

  /** Ends it, if it has not ended one way or the other. */
  end(error: TransportError): void {
    if (!this.#leave()) return;
    this.#o.onFailed(error);
    if (error.code === 'timeout') this.socket.destroy();
    else this.#outer.destroySoon(); // a refusal that was written is still sent
  }

  readonly #onEnd = () =>
    this.end(waitError('lost', { ...this.#wait, ...this.#progress }, { reason: 'the client ended the connection' }));

  get #wait(): Wait {
    return { operation: `handshake with ${this.address}`, self: selfName(this.#o.identity), peer: this.address };
  }

  get #progress(): Progress {
    return handshakeProgress(this.socket, this.#o.secure);
  }

  #watch(socket: Socket): void {
    this.#outer = socket;
    socket.on('close', this.#onEnd).on('end', this.#onEnd);
  }

  #leave(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#done();
    for (const socket of [this.socket, this.#outer]) socket.off('close', this.#onEnd).off('end', this.#onEnd);
    return true;
  }

  #secure(): void {
    const { token, context } = this.#o;
    const first = this.socket.read() as Uint8Array | null;
    if (first === null || this.#over) return; // its end
    if (first[0] !== TLS_RECORD_HANDSHAKE) {
      this.#tell(HelloStatus.tls);
      this.end(
        waitError('authentication', this.#wait, {
          reason: `TLS expected, got 0x${first[0]!.toString(16)} first (is tls off on that side only?)`,
        }),
      );
      return;
    }
    this.socket.unshift(first);
    const onFailed = (error: TransportError) =>
      this.end(waitError(error.code, this.#wait, { reason: error.reason, cause: error.cause }));
    const onSecure = (secure: Socket) => this.#authenticate(secure, intakeOf(secure));
    this.#watch(secureServer({ socket: this.socket, token, context, onSecure, onFailed }));
  }

  #authenticate(socket: Socket, intake: SocketIntake): void {
    authenticate({
      side: 'server',
      identity: this.#o.identity,
      token: this.#o.token,
      socket,
      intake,
      admit: () => this.#o.admit(),
      onFailed: ({ code, reason, cause }) => this.end(waitError(code, this.#wait, { reason, cause })),
      onAuthenticated: (authenticated) => {
        if (this.#leave()) this.#o.onAuthenticated(authenticated);
      },
    });
  }

  #tell(status: number): void {
    const versions = { min: FRAME_VERSION, max: FRAME_VERSION };
    const nonce = new Uint8Array(NONCE_BYTES);
    this.socket.end(encodeHello({ side: 'server', status, versions, identity: this.#o.identity, nonce }));
  }
}
