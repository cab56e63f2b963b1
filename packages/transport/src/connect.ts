import type { Connection, ConnectionOptions, Handler } from './connection.js';
import { type DialOptions, dial } from './dial.js';
import { FrameConnection } from './frame-connection.js';
import { resolveLimits } from './limits.js';
import { wantsCrc } from './tls-mode.js';
import { selfName, waitError } from './wait-error.js';

/** timeoutMs (default 10,000) and signal bound the wait for the connection, not its life. */
export interface ConnectOptions extends ConnectionOptions, DialOptions {
  /** Handles what the server sends of itself. Without it such requests are answered with an error. */
  readonly handler?: Handler | undefined;
}

/**
 * Connects to a server, and resolves when both sides have proved that they know the run's token.
 *
 * @throws {TransportError} `configuration`, `unreachable`, `authentication`, `version`, `run`, `refused`, `timeout`, `aborted`, `lost`
 * @example
 * const connection = await connect({ host: '127.0.0.1', port, identity: { role: 'worker', rank: 0, run: 'r1' }, token });
 * const { payload } = await connection.request(16, { shard: 0 }, { receiveInto });
 */
export async function connect(o: ConnectOptions): Promise<Connection> {
  resolveLimits(o.limits);
  const { socket, secure, peer, address, rest, intake } = await dial(o);
  if (socket.destroyed) {
    const wait = { operation: 'connect', self: selfName(o.identity), peer: address };
    throw waitError('lost', wait, { reason: 'the connection ended right after the handshake' });
  }
  let connection: FrameConnection;
  try {
    const crc = wantsCrc(o.crc, { socket, secure });
    connection = new FrameConnection({ ...o, crc, socket, peer, address, straight: intake.straight });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  if (rest.length > 0) connection.write(rest);
  intake.start(connection);
  return connection;
}
