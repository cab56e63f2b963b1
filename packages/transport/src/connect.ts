import { connect as connectSocket } from 'node:net';
import type { Connection, ConnectionOptions, Handler, WaitOptions } from './connection.js';
import { deadline } from './deadline.js';
import { TransportError } from './errors.js';
import { FrameConnection } from './frame-connection.js';
import { Handshake, handshakeProgress } from './handshake.js';
import { checkIdentity, type Identity } from './identity.js';
import { checkToken } from './keys.js';
import { DEFAULT_TIMES, resolveLimits } from './limits.js';
import { SocketIntake } from './socket-intake.js';
import { selfName, waitError } from './wait-error.js';

/** timeoutMs (default 10,000) and signal bound the wait for the connection, not its life. */
export interface ConnectOptions extends ConnectionOptions, WaitOptions {
  readonly host: string;
  readonly port: number;
  /** Who this side is. */
  readonly identity: Identity;
  /** The run's token: 32 random bytes. */
  readonly token: Uint8Array;
  /** Handles what the server sends of itself. Without it such requests are answered with an error. */
  readonly handler?: Handler | undefined;
}

/**
 * Connects to a server, and resolves when both sides have proved that they know the run's token.
 *
 * @throws {TransportError} `configuration`, `unreachable`, `authentication`, `version`, `run`, `refused`, `timeout`, `aborted`, `lost`
 * @example
 * const connection = await connect({ host: '127.0.0.1', port, identity: { role: 'worker', rank: 0, run: 'r1' }, token });
 * const { payload } = await connection.request(16, { shard: 0 }, { into });
 */
export async function connect(o: ConnectOptions): Promise<Connection> {
  checkIdentity(o.identity);
  checkToken(o.token);
  resolveLimits(o.limits);
  const where = `${o.host}:${o.port}`;
  const wait = { operation: 'connect', self: selfName(o.identity), peer: where };
  return await new Promise<Connection>((resolve, reject) => {
    let handshake: Handshake | undefined;
    const done = deadline({
      timeoutMs: o.timeoutMs ?? DEFAULT_TIMES.connectMs,
      signal: o.signal,
      ...wait,
      progress: () => (handshake === undefined ? undefined : handshakeProgress(socket)),
      onExpire: (error) => end(error),
    });
    const intake = new SocketIntake({
      write: (chunk) => {
        try {
          take(chunk);
        } catch (error) {
          fail(error as TransportError);
        }
      },
    });
    const socket = connectSocket({ host: o.host, port: o.port, noDelay: true, onread: intake.onread });
    const end = (error: TransportError) => {
      done();
      socket.destroy();
      reject(error);
    };
    const fail = ({ code, reason, cause }: TransportError) => {
      const progress = code === 'lost' && handshake !== undefined ? handshakeProgress(socket) : undefined;
      end(waitError(code, { ...wait, ...progress }, { reason, cause }));
    };
    const onError = (cause: Error) => {
      const code = handshake === undefined ? 'unreachable' : 'lost';
      const text = cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
      fail(new TransportError(code, text, { cause }));
    };
    const onEnd = () => fail(new TransportError('lost', 'the server ended the connection during the handshake'));
    socket.on('error', onError);
    socket.on('close', onEnd);
    socket.on('end', onEnd);
    socket.on('connect', () => {
      handshake = new Handshake({
        side: 'client',
        identity: o.identity,
        token: o.token,
        send: (bytes) => socket.write(bytes),
      });
    });
    const take = (chunk: Uint8Array) => {
      const rest = handshake!.write(chunk);
      if (rest === undefined) return;
      done();
      const connection = new FrameConnection({
        ...o,
        socket,
        peer: handshake!.authenticated!.peer,
        address: `${socket.remoteAddress}:${socket.remotePort}`,
        straight: true,
      });
      socket.off('error', onError).off('close', onEnd).off('end', onEnd);
      intake.consumer = connection;
      resolve(connection);
      if (rest.length > 0) connection.write(rest);
    };
  });
}
