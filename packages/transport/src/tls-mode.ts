import { TransportError } from './errors.js';

/** auto: on for every address that is not loopback. off: on for none. */
export type TlsMode = 'auto' | 'on' | 'off';

export interface TlsOptions {
  /** TLS 1.3 by a key that comes from the run's token. Default auto. Both sides must come to the same: neither ever gives in. */
  readonly tls?: TlsMode | undefined;
  /** Takes the line that says what goes unprotected, once. Default process.emitWarning. */
  onWarning?(line: string): void;
}

const LOOPBACK = /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/i;

/**
 * Whether an address, as sockets have it, never leaves this machine. Unknown ones may.
 *
 * @example isLoopback('127.0.0.1') // true
 */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK.test(address);
}

const warned = new WeakSet<(line: string) => void>();
const toProcess = (line: string) => process.emitWarning(line);

/**
 * Whether a connection goes under TLS, by the server's address: a client's remote one, a server's local one. Warns once, for each
 * onWarning, where TLS is off and the address is not loopback.
 *
 * @throws {TransportError} `configuration` when the mode is none
 * @example wantsTls({ tls: 'auto' }, '10.0.0.7') // true
 */
export function wantsTls(o: TlsOptions, address: string | undefined): boolean {
  checkTlsMode(o.tls);
  if (o.tls === 'on') return true;
  if (isLoopback(address)) return false;
  if (o.tls !== 'off') return true;
  const warn = o.onWarning ?? toProcess;
  if (!warned.has(warn)) {
    warned.add(warn);
    warn(
      `weft: TLS is off on ${address ?? 'a network'}: what is sent can be read and changed on the way; only the hello is authenticated`,
    );
  }
  return false;
}

/**
 * Checks a mode.
 *
 * @throws {TransportError} `configuration`
 * @example checkTlsMode('auto')
 */
export function checkTlsMode(mode: TlsMode | undefined): void {
  if (mode === undefined || mode === 'auto' || mode === 'on' || mode === 'off') return;
  throw new TransportError('configuration', `tls: auto, on or off expected, got ${JSON.stringify(mode)}`);
}

/**
 * Whether frames carry a checksum. By default where nothing else checks what a network may change: not under TLS, not over loopback.
 *
 * @example wantsCrc('auto', { secure: false, socket }) // true for 10.0.0.7
 */
export function wantsCrc(
  crc: boolean | 'auto' | undefined,
  o: { readonly secure: boolean; readonly socket: { readonly remoteAddress?: string | undefined } },
): boolean {
  return typeof crc === 'boolean' ? crc : !o.secure && !isLoopback(o.socket.remoteAddress);
}
