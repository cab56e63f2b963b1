import { hkdfSync } from 'node:crypto';
import { TransportError } from './errors.js';

/** Length of a run's token. It is random, never a passphrase. */
export const TOKEN_BYTES = 32;

/** What a key is for: no key serves two ends. */
export type KeyPurpose = 'hmac' | 'tls' | 'ui';
/** Who uses a key: the side that connected, or the one that listens. A proof of one side is worth nothing in the other's mouth. */
export type Side = 'client' | 'server';

/**
 * The key of one purpose and one side, 32 bytes, by HKDF-SHA256 (RFC 5869) from a run's token.
 *
 * @throws {TransportError} `configuration` when the token is not 32 bytes
 * @example deriveKey(randomBytes(32), 'hmac', 'client')
 */
export function deriveKey(token: Uint8Array, purpose: KeyPurpose, side: Side): Uint8Array {
  checkToken(token);
  return new Uint8Array(hkdfSync('sha256', token, new Uint8Array(0), `weft v1 ${purpose} ${side}`, 32));
}

/**
 * Checks a token's length.
 *
 * @throws {TransportError} `configuration`; the token itself is never in the message
 * @example checkToken(randomBytes(32))
 */
export function checkToken(token: Uint8Array): void {
  if (!(token instanceof Uint8Array) || token.length !== TOKEN_BYTES) {
    const got = token instanceof Uint8Array ? `${token.length} bytes` : typeof token;
    throw new TransportError('configuration', `token: ${TOKEN_BYTES} random bytes expected, got ${got}`);
  }
}
