import { TransportError } from './errors.js';
import { checkIdentity, type Identity, MAX_ROLE_BYTES, MAX_RUN_BYTES } from './identity.js';
import type { Side } from './keys.js';

/** `WEFH` in ASCII, read as a little-endian u32. */
const HELLO_MAGIC = 0x48464557;
/** `WEFP` in ASCII, read as a little-endian u32. */
const PROOF_MAGIC = 0x50464557;
/** First byte of both. */
export const FIRST_BYTE = 0x57;

export const HELLO_BYTES = 144;
export const PROOF_BYTES = 40;
export const NONCE_BYTES = 32;
export const MAC_BYTES = 32;

/** Why a server refuses; 0: it does not. */
export const HelloStatus = { ok: 0, malformed: 1, version: 2, run: 3, busy: 4, authentication: 5, tls: 6 } as const;

/** What a side says of itself before it is believed. */
export interface Hello {
  readonly side: Side;
  readonly status: number;
  /** The frame versions that it speaks. */
  readonly versions: { readonly min: number; readonly max: number };
  readonly identity: Identity;
  /** 32 random bytes, new for every connection. */
  readonly nonce: Uint8Array;
}

const SIDE_CODES: Readonly<Record<Side, number>> = { client: 1, server: 2 };

/**
 * Encodes a hello.
 *
 * ```
 * hello = magic:u32 versionMin:u8 versionMax:u8 side:u8 status:u8 rank:u32 roleBytes:u8 runBytes:u8 reserved:u16
 *         role[32] run[64] nonce[32]                       144 bytes, little-endian, names filled up with zeros
 * ```
 *
 * @throws {TransportError} `configuration` when the identity is not valid
 * @example encodeHello({ side: 'client', status: 0, versions: { min: 1, max: 1 }, identity, nonce: randomBytes(32) })
 */
export function encodeHello(hello: Hello): Uint8Array {
  checkIdentity(hello.identity);
  const bytes = new Uint8Array(HELLO_BYTES);
  const view = new DataView(bytes.buffer);
  const role = Buffer.from(hello.identity.role, 'latin1');
  const run = Buffer.from(hello.identity.run, 'latin1');
  view.setUint32(0, HELLO_MAGIC, true);
  view.setUint8(4, hello.versions.min);
  view.setUint8(5, hello.versions.max);
  view.setUint8(6, SIDE_CODES[hello.side]);
  view.setUint8(7, hello.status);
  view.setUint32(8, hello.identity.rank, true);
  view.setUint8(12, role.length);
  view.setUint8(13, run.length);
  bytes.set(role, 16);
  bytes.set(run, 48);
  bytes.set(hello.nonce, 112);
  return bytes;
}

/**
 * Reads a hello; from is who it should come from.
 *
 * @throws {TransportError} `authentication` when it is no hello of that side
 * @example decodeHello(bytes, 'server').identity
 */
export function decodeHello(bytes: Uint8Array, from: Side): Hello {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HELLO_BYTES);
  if (view.getUint32(0, true) !== HELLO_MAGIC) throw malformed('magic WEFH', 'something else');
  const versions = { min: view.getUint8(4), max: view.getUint8(5) };
  if (versions.min < 1 || versions.min > versions.max) throw malformed('a version range', JSON.stringify(versions));
  if (view.getUint8(6) !== SIDE_CODES[from]) throw malformed(`side ${SIDE_CODES[from]}`, `${view.getUint8(6)}`);
  if (view.getUint16(14, true) !== 0) throw malformed('reserved 0', `${view.getUint16(14, true)}`);
  const identity: Identity = {
    role: name(bytes, { at: 16, length: view.getUint8(12), maxBytes: MAX_ROLE_BYTES }),
    rank: view.getUint32(8, true),
    run: name(bytes, { at: 48, length: view.getUint8(13), maxBytes: MAX_RUN_BYTES }),
  };
  try {
    checkIdentity(identity);
  } catch (cause) {
    throw malformed('a role and a run in ASCII', 'something else', cause);
  }
  return { side: from, status: view.getUint8(7), versions, identity, nonce: bytes.slice(112, 112 + NONCE_BYTES) };
}

/**
 * Encodes a proof: `magic:u32 status:u8 reserved[3] mac[32]`, 40 bytes.
 *
 * @example encodeProof(0, mac)
 */
export function encodeProof(status: number, mac: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PROOF_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PROOF_MAGIC, true);
  view.setUint8(4, status);
  bytes.set(mac, 8);
  return bytes;
}

/**
 * Reads a proof.
 *
 * @throws {TransportError} `authentication` when it is none
 * @example decodeProof(bytes).mac
 */
export function decodeProof(bytes: Uint8Array): { readonly status: number; readonly mac: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PROOF_BYTES);
  if (view.getUint32(0, true) !== PROOF_MAGIC) throw malformed('magic WEFP', 'something else');
  if (view.getUint8(5) !== 0 || view.getUint16(6, true) !== 0) throw malformed('reserved 0', 'something else');
  return { status: view.getUint8(4), mac: bytes.slice(8, 8 + MAC_BYTES) };
}

function name(bytes: Uint8Array, o: { at: number; length: number; maxBytes: number }): string {
  if (o.length > o.maxBytes) throw malformed(`a name of at most ${o.maxBytes} bytes`, `${o.length}`);
  for (let i = o.length; i < o.maxBytes; i++) {
    if (bytes[o.at + i] !== 0) throw malformed('zeros after a name', 'something else');
  }
  return Buffer.from(bytes.subarray(o.at, o.at + o.length)).toString('latin1');
}

function malformed(expected: string, got: string, cause?: unknown): TransportError {
  return new TransportError('authentication', `handshake: ${expected} expected, got ${got}`, { cause });
}
