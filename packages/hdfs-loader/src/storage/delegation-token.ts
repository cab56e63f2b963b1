/**
 * Delegation tokens, as Hadoop keeps them in files:
 *
 *   file     = "HDTS" version:u8 (0 writable | 1 delimited CredentialsProto)
 *   writable = count:vint (alias:text token)* …
 *   token    = identifier:bytes password:bytes kind:text service:text      bytes = length:vint, then so many; text = the same in UTF-8
 *
 * What WebHDFS wants (`delegation=`) is such a token in URL-safe base64 without padding.
 *
 * @see Credentials, Token and WritableUtils of Apache Hadoop 3.5 (hadoop-common), Security.proto
 */
import protobuf from 'protobufjs/minimal.js';
import { LoaderError } from '../errors.js';

interface Token {
  readonly kind: string;
  /** Of whom it is a token: host:port, or ha-hdfs:NAME. */
  readonly service: string;
  readonly urlString: string;
}

const MAGIC = 'HDTS';
const EXPECTED = 'expected a delegation token: the urlString of GETDELEGATIONTOKEN, or a file of hdfs fetchdt';
/** Kinds of tokens that WebHDFS takes. */
const KINDS = new Set(['HDFS_DELEGATION_TOKEN', 'WEBHDFS delegation', 'SWEBHDFS delegation']);

/**
 * The delegation token in what a file holds: Hadoop's credentials file (`hdfs fetchdt --renewer NAME FILE`, `dtutil`; both of its formats), the answer of
 * WebHDFS to GETDELEGATIONTOKEN, or its urlString alone.
 *
 * @param content the file's bytes, or text
 * @param o.service whose token to take where a file has several, as `ha-hdfs:NAME` or `10.0.0.1:8020`
 * @returns the token as openStorage's `delegationToken` wants it
 * @throws LoaderError INVALID_ARGUMENT when there is none, or several and no telling which
 * @example openStorage(url, { delegationToken: readDelegationToken(readFileSync(tokenFile)) })
 */
export function readDelegationToken(content: Uint8Array | string, o: { readonly service?: string } = {}): string {
  const bytes = Buffer.from(content as Uint8Array);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return tokenOfText(bytes.toString('utf8').trim());
  let tokens: Token[];
  try {
    tokens = tokensOfFile(bytes);
  } catch (cause) {
    throw cause instanceof LoaderError ? cause : refuse('got a credentials file that ends early, or is damaged', cause);
  }
  const ours = tokens.filter(({ kind }) => KINDS.has(kind));
  const fitting = o.service === undefined ? ours : ours.filter(({ service }) => service === o.service);
  const [token] = fitting;
  if (token && fitting.length === 1) return token.urlString;
  const kinds = tokens.map(({ kind, service }) => `${kind} for ${service}`).join(', ') || 'no token';
  const which = o.service === undefined ? 'one token of HDFS' : `one token of HDFS for ${o.service}`;
  throw new LoaderError('INVALID_ARGUMENT', `expected a credentials file with ${which}, got ${kinds}`);
}

function refuse(what: string, cause?: unknown): LoaderError {
  return new LoaderError('INVALID_ARGUMENT', `${EXPECTED}; ${what}`, { cause });
}

function tokenOfText(text: string): string {
  if (text.startsWith('{')) {
    let token: unknown;
    try {
      token = (JSON.parse(text) as { Token?: { urlString?: unknown } | null }).Token?.urlString;
    } catch {}
    if (typeof token === 'string' && isUrlString(token)) return token;
    if (token === undefined) throw refuse('got JSON without one, as WebHDFS answers where there is no Kerberos');
  }
  if (isUrlString(text)) return text;
  // What it holds may be a secret all the same, so it is not shown.
  throw refuse(text === '' ? 'got an empty file' : `got ${text.length} characters of other text`);
}

function isUrlString(text: string): boolean {
  if (!/^[A-Za-z0-9_-]+=*$/.test(text)) return false;
  try {
    const reader = new WritableReader(Buffer.from(text, 'base64url'));
    reader.token();
    return reader.ended;
  } catch {
    return false;
  }
}

function tokensOfFile(bytes: Buffer): Token[] {
  const version = bytes[MAGIC.length];
  const body = bytes.subarray(MAGIC.length + 1);
  if (version === 0) {
    const reader = new WritableReader(body);
    return Array.from({ length: reader.count() }, () => {
      reader.bytes();
      return reader.token();
    });
  }
  if (version === 1) return tokensOfMessage(body);
  throw refuse(`got a credentials file of version ${version}, of which 0 and 1 are known`);
}

/** Hadoop's Writable form. Every read past the end throws. */
class WritableReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** A vint that is not negative: one byte up to 127, else −112 minus the number of bytes that follow, big-endian. */
  count(): number {
    const first = this.#bytes.readInt8(this.#at++);
    if (first >= 0) return first;
    const bytes = -112 - first;
    if (bytes < 1 || bytes > 4) throw new RangeError('length');
    const value = this.#bytes.readUIntBE(this.#at, bytes);
    this.#at += bytes;
    if (value > this.#bytes.length) throw new RangeError('length');
    return value;
  }

  bytes(): Buffer {
    const length = this.count();
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError('end');
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  token(): Token {
    const begin = this.#at;
    this.bytes();
    this.bytes();
    const kind = this.bytes().toString();
    const service = this.bytes().toString();
    return { kind, service, urlString: this.#bytes.toString('base64url', begin, this.#at) };
  }
}

/**
 *   CredentialsProto   = tokens:1 CredentialsKVProto*
 *   CredentialsKVProto = alias:1 string, token:2 TokenProto
 *   TokenProto         = identifier:1 bytes, password:2 bytes, kind:3 string, service:4 string
 */
function tokensOfMessage(body: Buffer): Token[] {
  const reader = protobuf.Reader.create(body);
  const all = fieldsOf(reader.bytes()).filter(({ field }) => field === 1);
  return all.flatMap(({ value }) =>
    fieldsOf(value)
      .filter(({ field }) => field === 2)
      .map(({ value: token }) => {
        const parts = new Map(fieldsOf(token).map((part) => [part.field, Buffer.from(part.value)]));
        const [identifier, password, kind, service] = [1, 2, 3, 4].map((field) => parts.get(field) ?? Buffer.alloc(0));
        const writable = [identifier!, password!, kind!, service!].flatMap((part) => [vint(part.length), part]);
        const urlString = Buffer.concat(writable).toString('base64url');
        return { kind: kind!.toString(), service: service!.toString(), urlString };
      }),
  );
}

/** The fields of a message that have a length; there are no others in these. */
function fieldsOf(message: Uint8Array): { field: number; value: Uint8Array }[] {
  const reader = protobuf.Reader.create(message);
  const fields: { field: number; value: Uint8Array }[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 2) fields.push({ field: tag >>> 3, value: reader.bytes() });
    else reader.skipType(tag & 7);
  }
  return fields;
}

function vint(value: number): Buffer {
  if (value <= 127) return Buffer.from([value]);
  const bytes = Math.ceil((32 - Math.clz32(value)) / 8);
  const encoded = Buffer.alloc(1 + bytes);
  encoded.writeInt8(-112 - bytes);
  encoded.writeUIntBE(value, 1, bytes);
  return encoded;
}
