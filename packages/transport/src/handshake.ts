import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { TransportError, type TransportErrorCode } from './errors.js';
import {
  decodeHello,
  decodeProof,
  encodeHello,
  encodeProof,
  FIRST_BYTE,
  HELLO_BYTES,
  type Hello,
  HelloStatus,
  MAC_BYTES,
  NONCE_BYTES,
  PROOF_BYTES,
} from './hello.js';
import type { Identity } from './identity.js';
import { deriveKey, type Side } from './keys.js';
import { FRAME_VERSION } from './prefix.js';
import type { Progress } from './wait-error.js';

export interface HandshakeOptions {
  readonly side: Side;
  readonly identity: Identity;
  /** The run's token, 32 random bytes. */
  readonly token: Uint8Array;
  /** What ties the proofs to the channel below: under TLS its exported keying material. */
  readonly binding?: Uint8Array;
  /** The frame versions spoken. */
  readonly versions?: { readonly min: number; readonly max: number };
  /** Asked by a server once the client has proved itself: whether there is a place for it. */
  admit?(): boolean;
  /** Writes bytes to the peer. */
  send(bytes: Uint8Array): void;
}

/** Who the peer has proved to be. */
export interface Authenticated {
  readonly peer: Identity;
  /** The highest version that both speak. */
  readonly version: number;
}

const NO_MAC = new Uint8Array(MAC_BYTES);

/**
 * One side of the mutual authentication, without a socket.
 *
 * ```
 * client → server  hello_c
 * server → client  hello_s
 * client → server  proof_c = HMAC-SHA256(key_client, "weft handshake" hello_c hello_s binding)
 * server → client  proof_s = HMAC-SHA256(key_server, "weft handshake" hello_c hello_s binding)
 * ```
 * The hellos hold both nonces, version ranges, roles, ranks and the run. Nothing else is read before the peer's proof holds,
 * and nothing of it is msgpack. A refusal is a hello or a proof with a status that is not 0: it is not authenticated, and ends the
 * connection as a reset would.
 */
export class Handshake {
  /** Set once the peer has proved itself. */
  authenticated: Authenticated | undefined;
  readonly #o: HandshakeOptions;
  readonly #versions: { readonly min: number; readonly max: number };
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #place = new Uint8Array(HELLO_BYTES);
  #stage: 'hello' | 'proof' | 'done' = 'hello';
  #received = 0;
  #ownHello: Uint8Array;
  #peerHello: Uint8Array = new Uint8Array(0);
  #pending: Authenticated | undefined;

  constructor(options: HandshakeOptions) {
    this.#o = options;
    this.#versions = options.versions ?? { min: FRAME_VERSION, max: FRAME_VERSION };
    this.#ownHello = this.#hello(HelloStatus.ok);
    if (options.side === 'client') options.send(this.#ownHello);
  }

  /**
   * Takes the next bytes of the peer; returns those after the handshake once it is done, undefined until then.
   *
   * @throws {TransportError} `authentication`, `version`, `run`, or `refused`; the peer has then been told
   */
  write(chunk: Uint8Array): Uint8Array | undefined {
    let at = 0;
    if (this.#stage === 'hello' && this.#received === 0 && chunk.length > 0) this.#checkFirst(chunk[0]!);
    while (this.#stage !== 'done') {
      const expected = this.#stage === 'hello' ? HELLO_BYTES : PROOF_BYTES;
      const n = Math.min(expected - this.#received, chunk.length - at);
      this.#place.set(chunk.subarray(at, at + n), this.#received);
      this.#received += n;
      at += n;
      if (this.#received < expected) return undefined;
      this.#received = 0;
      const record = this.#place.slice(0, expected);
      if (this.#stage === 'hello') this.#takeHello(record);
      else this.#takeProof(record);
    }
    return chunk.subarray(at);
  }

  /** What is no handshake is told apart at once: whoever speaks TLS waits for an answer before it says more. */
  #checkFirst(byte: number): void {
    if (byte === FIRST_BYTE) return;
    this.#refuse(HelloStatus.malformed);
    // 0x14 to 0x17 begin the records of TLS (RFC 8446, section 5.1).
    const tls = byte >= 0x14 && byte <= 0x17;
    const got = tls ? 'TLS (is tls off on this side only, or a tunnel between?)' : `0x${byte.toString(16)} first`;
    throw failed('authentication', 'a hello without TLS', got);
  }

  #takeHello(record: Uint8Array): void {
    const { side, identity } = this.#o;
    let hello: Hello;
    try {
      hello = decodeHello(record, side === 'client' ? 'server' : 'client');
    } catch (error) {
      this.#refuse(HelloStatus.malformed);
      throw error;
    }
    if (side === 'client') throwRefusal(hello.status);
    const version = Math.min(hello.versions.max, this.#versions.max);
    if (version < Math.max(hello.versions.min, this.#versions.min)) {
      this.#refuse(HelloStatus.version);
      const { min, max } = this.#versions;
      throw failed('version', `versions ${min} to ${max}`, `${hello.versions.min} to ${hello.versions.max}`);
    }
    if (hello.identity.run !== identity.run) {
      this.#refuse(HelloStatus.run);
      throw failed('run', `run ${JSON.stringify(identity.run)}`, JSON.stringify(hello.identity.run));
    }
    if (timingSafeEqual(hello.nonce, this.#nonce)) {
      this.#refuse(HelloStatus.malformed);
      throw failed('authentication', 'a nonce of its own', 'ours');
    }
    this.#peerHello = record;
    this.#pending = { peer: hello.identity, version };
    this.#stage = 'proof';
    if (side === 'client') this.#o.send(encodeProof(HelloStatus.ok, this.#mac('client')));
    else this.#o.send(this.#ownHello);
  }

  #takeProof(record: Uint8Array): void {
    const { side } = this.#o;
    const proof = decodeProof(record);
    throwRefusal(proof.status);
    if (!timingSafeEqual(proof.mac, this.#mac(side === 'client' ? 'server' : 'client'))) {
      if (side === 'server') this.#o.send(encodeProof(HelloStatus.authentication, NO_MAC));
      throw failed('authentication', "a proof of knowing the run's token", 'another (is the token the same?)');
    }
    if (side === 'server' && this.#o.admit?.() === false) {
      this.#o.send(encodeProof(HelloStatus.busy, NO_MAC));
      throw failed('refused', 'a free place', 'none: maxConnections are open');
    }
    if (side === 'server') this.#o.send(encodeProof(HelloStatus.ok, this.#mac('server')));
    this.#stage = 'done';
    this.authenticated = this.#pending;
  }

  #mac(side: Side): Uint8Array {
    const own = this.#o.side === 'client';
    return createHmac('sha256', deriveKey(this.#o.token, 'hmac', side))
      .update('weft handshake')
      .update(own ? this.#ownHello : this.#peerHello)
      .update(own ? this.#peerHello : this.#ownHello)
      .update(this.#o.binding ?? new Uint8Array(0))
      .digest();
  }

  #refuse(status: number): void {
    if (this.#o.side === 'server') this.#o.send(this.#hello(status));
  }

  #hello(status: number): Uint8Array {
    const { side, identity } = this.#o;
    return encodeHello({ side, status, versions: this.#versions, identity, nonce: this.#nonce });
  }
}

/**
 * How much of the peer's side of the handshake has come. Of how much is known without TLS only.
 *
 * @example handshakeProgress(socket, false) // { receivedBytes: 144, expectedBytes: 184 }
 */
export function handshakeProgress(
  { bytesRead: receivedBytes }: { readonly bytesRead: number },
  secure: boolean,
): Progress {
  return secure ? { receivedBytes } : { receivedBytes, expectedBytes: HELLO_BYTES + PROOF_BYTES };
}

function throwRefusal(status: number): void {
  switch (status) {
    case HelloStatus.ok:
      return;
    case HelloStatus.version:
      throw failed('version', 'a shared version', 'a refusal of ours');
    case HelloStatus.run:
      throw failed('run', 'the same run', 'a refusal: the server belongs to another run');
    case HelloStatus.busy:
      throw failed('refused', 'a place', 'a refusal: the server has no free one');
    case HelloStatus.tls:
      throw failed(
        'authentication',
        'a server that does without TLS',
        'a refusal: it wants TLS (is tls off on this side only?)',
      );
    default:
      throw failed('authentication', "a server with the run's token", `a refusal (status ${status})`);
  }
}

function failed(code: TransportErrorCode, expected: string, got: string): TransportError {
  return new TransportError(code, `handshake: ${expected} expected, got ${got}`);
}
