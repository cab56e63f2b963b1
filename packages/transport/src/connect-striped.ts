import { type ConnectOptions, connect } from './connect.js';
import type { Connection } from './connection.js';
import { TransportError } from './errors.js';
import { StripedConnection } from './striped-connection.js';

/** What is set holds for every socket: timeoutMs, too, bounds the wait for each. */
export interface StripedConnectOptions extends ConnectOptions {
  /** How many sockets, 1 to 64. Default 4. */
  readonly sockets?: number | undefined;
}

const DEFAULT_SOCKETS = 4;
const MAX_SOCKETS = 64;

/**
 * Connects to a server by several sockets, each authenticated by itself, and gives them as one connection: each request and
 * notification goes whole over the socket that has the least to do. For paths where one socket does not fill the wire, and so that a
 * small request need not wait behind a long payload; over loopback one socket is as fast.
 *
 * Messages are not cut over the sockets: a peer would have to put them together again, and its handler could no longer be given a
 * payload as it arrives. A long vector is striped by sending ranges of it (scatterVector).
 *
 * Order: a message that was awaited comes before those sent afterwards; those that are under way together are handled in any order.
 * The loss of one socket ends the whole. The server sees as many connections of the same identity as there are sockets.
 *
 * @throws {TransportError} as connect does; the sockets that were opened are then closed
 * @example const connection = await connectStriped({ host, port, identity, token, sockets: 4 });
 */
export async function connectStriped(o: StripedConnectOptions): Promise<Connection> {
  const { sockets = DEFAULT_SOCKETS, ...each } = o;
  if (!Number.isInteger(sockets) || sockets < 1 || sockets > MAX_SOCKETS) {
    throw new TransportError('configuration', `sockets: 1 to ${MAX_SOCKETS} expected, got ${String(sockets)}`);
  }
  const stripes: Connection[] = [];
  try {
    // One after the other: a server holds few unauthenticated connections of one address.
    while (stripes.length < sockets) stripes.push(await connect(each));
  } catch (error) {
    await Promise.all(stripes.map((stripe) => stripe.close()));
    throw error;
  }
  return new StripedConnection(stripes);
}
