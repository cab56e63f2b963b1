import { TransportError } from './errors.js';

/** What listens takes port 0 for a free one; what connects needs another. */
export type AddressUse = 'listen' | 'connect';

/**
 * Checks a host and a port before a socket is made of them.
 *
 * @throws {TransportError} `configuration` naming the one that is not valid
 * @example checkAddress('connect', '127.0.0.1', 4000)
 */
export function checkAddress(use: AddressUse, host: unknown, port: unknown): void {
  if (typeof host !== 'string' || host === '') {
    throw new TransportError('configuration', `host: a name or an address expected, got ${String(host) || '""'}`);
  }
  const least = use === 'listen' ? 0 : 1;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < least || port > 65_535) {
    throw new TransportError('configuration', `port: ${least} to 65535 expected, got ${String(port)}`);
  }
}
