import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { TransportError } from './errors.js';
import { deriveKey } from './keys.js';

/** PSK with (EC)DHE in TLS 1.3: forward secrecy, and no certificate on either side. SHA-256 is what OpenSSL wants of an external key. */
const TLS_OPTIONS = { ciphers: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;
/** Names the key, not who asks: it is sent in the clear. */
const PSK_IDENTITY = 'weft v1';
const BINDING_LABEL = 'EXPERIMENTAL weft v1 handshake';
const BINDING_BYTES = 32;
/** What each side wants of the other. */
const KEYED = "with the run's key";
/** First byte of what a TLS client says first (RFC 8446, section 5.1). */
export const TLS_RECORD_HANDSHAKE = 0x16;

export interface UpgradeOptions {
  /** Connected, and not read yet. */
  readonly socket: Socket;
  /** The run's token. */
  readonly token: Uint8Array;
  /** Called once, with who the peer is still to be proved; or onFailed is, unless the socket is destroyed before. */
  onSecure(socket: TLSSocket): void;
  onFailed(error: TransportError): void;
}

/** What a side needs for any number of connections. It holds no key. */
export function serverContext(): SecureContext {
  return createSecureContext(TLS_OPTIONS);
}

/**
 * Puts TLS 1.3 by an external pre-shared key (RFC 8446, section 2.2; RFC 9257) over a connected socket. A server that does not have
 * the key is refused, whatever certificate it shows and whoever trusts that.
 *
 * @example secureClient({ socket, token, onSecure: (secure) => secure.write(hello), onFailed });
 */
export function secureClient(o: UpgradeOptions): TLSSocket {
  const psk = pskOf(o.token);
  const socket = connect({
    ...TLS_OPTIONS,
    socket: o.socket,
    pskCallback: () => ({ psk, identity: PSK_IDENTITY }),
    // Each of these alone keeps certificates out; the environment (NODE_TLS_REJECT_UNAUTHORIZED, extra roots) changes none of them.
    ca: [],
    rejectUnauthorized: true,
    checkServerIdentity: () => new Error('a certificate was offered'),
  });
  socket.on('secureConnect', () => {
    if (socket.isSessionReused() && Object.keys(socket.getPeerCertificate()).length === 0) o.onSecure(socket);
    else o.onFailed(refused('server', KEYED, 'one without'));
  });
  socket.on('error', (cause) => o.onFailed(tlsFailure('server', cause)));
  return socket;
}

/**
 * The other side of secureClient.
 *
 * @example secureServer({ socket, token, context: serverContext(), onSecure, onFailed });
 */
export function secureServer(o: UpgradeOptions & { readonly context: SecureContext }): TLSSocket {
  const psk = pskOf(o.token);
  const socket = new TLSSocket(o.socket, {
    isServer: true,
    secureContext: o.context,
    pskCallback: (_socket: TLSSocket, identity: string) => (identity === PSK_IDENTITY ? psk : null),
  } as ConstructorParameters<typeof TLSSocket>[1]);
  socket.on('secure', () => o.onSecure(socket));
  socket.on('error', (cause) => o.onFailed(tlsFailure('client', cause)));
  return socket;
}

/**
 * What ties a handshake's proofs to this TLS connection: exported keying material (RFC 8446, section 7.5), 32 bytes. A proof that
 * is carried over into another connection, by whoever sits between two, is worth nothing there.
 *
 * @example channelBinding(secure)
 */
export function channelBinding(socket: TLSSocket): Uint8Array {
  return socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0));
}

/** One key, used in one direction only: the client opens with it, and the server's own word is in the handshake above. */
function pskOf(token: Uint8Array): Uint8Array {
  return deriveKey(token, 'tls', 'client');
}

/** One clear line for what OpenSSL says in several. */
function tlsFailure(peer: 'client' | 'server', cause: Error & { code?: string; syscall?: string }): TransportError {
  const { code = '' } = cause;
  if (cause.syscall !== undefined || code === 'ECONNRESET') {
    return new TransportError('lost', `TLS: the ${peer} ended the connection`, { cause });
  }
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST/.test(code)) {
    return refused(peer, 'that speaks TLS', 'something else (is tls off on that side only?)', cause);
  }
  if (/BINDER|ILLEGAL_PARAMETER|DECRYPT_ERROR|BAD_RECORD_MAC|HANDSHAKE_FAILURE|SIGNATURE_ALGORITHM/.test(code)) {
    return refused(peer, KEYED, 'one with another or none (is the token the same?)', cause);
  }
  return refused(peer, KEYED, code || (cause.message.split('\n', 1)[0] ?? ''), cause);
}

function refused(peer: string, what: string, got: string, cause?: unknown): TransportError {
  return new TransportError('authentication', `TLS: a ${peer} ${what} expected, got ${got}`, { cause });
}
