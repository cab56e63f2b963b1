import { LoaderError, type LoaderErrorCode } from '../errors.js';

/**
 * What may be done after a failure: nothing; the same again after a while; the same at another NameNode, at once where there is one.
 */
export type Remedy = 'none' | 'wait' | 'move';

/** An answer that is no 2xx, or none at all. Within this folder only: users get a LoaderError. */
export class RemoteFailure extends Error {
  override readonly name = 'RemoteFailure';
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Hadoop's exception class without its package, or '' where the answer carried none. */
  readonly exception: string;
  readonly remedy: Remedy;
  /** Whether the request may have been carried out all the same. */
  readonly ambiguous: boolean;

  constructor(o: {
    status: number;
    exception: string;
    message: string;
    remedy: Remedy;
    ambiguous?: boolean;
    cause?: unknown;
  }) {
    super(o.message, { cause: o.cause });
    this.status = o.status;
    this.exception = o.exception;
    this.remedy = o.remedy;
    this.ambiguous = o.ambiguous ?? false;
  }

  /** The same, but what may be done about it. */
  withRemedy(remedy: Remedy): RemoteFailure {
    const { status, exception, message, ambiguous, cause } = this;
    return new RemoteFailure({ status, exception, message, remedy, ambiguous, cause });
  }

  /** The same as a user sees it. @param where `GETFILESTATUS hdfs://nn:9870/a` */
  toLoaderError(where: string): LoaderError {
    const named = this.exception !== '' && this.exception !== TIMEOUT;
    const what = named ? `${this.exception}: ${this.message}` : this.message;
    return new LoaderError(this.#code(), `${where}: ${what}`, { cause: this.cause ?? this });
  }

  #code(): LoaderErrorCode {
    const known = entryOf(CODES, this.exception);
    if (known) return known;
    if (this.status === 0 && this.remedy !== 'none') return this.exception === TIMEOUT ? 'TIMEOUT' : 'UNAVAILABLE';
    // Of a gateway before WebHDFS, or of Kerberos: Hadoop's own refusals have a name.
    if (this.status === 401 || (this.status === 403 && this.exception === '')) return 'PERMISSION';
    return this.remedy === 'none' ? 'IO' : 'UNAVAILABLE';
  }
}

const CODES: Readonly<Record<string, LoaderErrorCode>> = {
  FileNotFoundException: 'NOT_FOUND',
  FileAlreadyExistsException: 'EXISTS',
  ParentNotDirectoryException: 'IO',
  AccessControlException: 'PERMISSION',
  AuthorizationException: 'PERMISSION',
  SecurityException: 'PERMISSION',
  InvalidToken: 'PERMISSION',
  NSQuotaExceededException: 'QUOTA',
  DSQuotaExceededException: 'QUOTA',
  QuotaExceededException: 'QUOTA',
  QuotaByStorageTypeExceededException: 'QUOTA',
  SafeModeException: 'SAFE_MODE',
  InvalidPathException: 'INVALID_ARGUMENT',
  PathComponentTooLongException: 'INVALID_ARGUMENT',
  IllegalArgumentException: 'INVALID_ARGUMENT',
};

const REMEDIES: Readonly<Record<string, Remedy>> = {
  StandbyException: 'move',
  ObserverRetryOnActiveException: 'move',
  RetriableException: 'wait',
  SafeModeException: 'wait',
  ServerTooBusyException: 'wait',
  // Of a file that a client which has died was writing: its lease is taken back by and by.
  AlreadyBeingCreatedException: 'wait',
  RecoveryInProgressException: 'wait',
  // Said by a DataNode that has no replica it can reach: that may come back, and another DataNode may do better.
  BlockMissingException: 'wait',
  CannotObtainBlockLengthException: 'wait',
};

/** Said by a DataNode that has lost its NameNode, in the words of Hadoop's NetUtils.wrapException. */
const NAME_NODE_LOST =
  /^(?:Connect|ConnectTimeout|Socket|SocketTimeout|NoRouteToHost|UnknownHost|EOF|ClosedChannel)Exception$/;
const CALL_FAILED = /^(?:Call From .* failed|.*Failed on local exception|.*End of File Exception between)/;

/** A server chooses the name: `constructor` is in no table. */
function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Statuses of a server, or of a gateway before it, that is too busy just now. */
const BUSY = new Set([429, 502, 503, 504]);
/** Statuses of a gateway that has passed a request on and lost the answer. */
const ANSWER_LOST = new Set([502, 504]);
/** No DataNode at this moment: one that has just started, or died, is not known to the NameNode yet. */
const NO_DATA_NODE = /^(?:Failed to find datanode|No active and not excluded nodes)|could only be written to 0 of/;
/** In place of an exception: nothing came in time. */
export const TIMEOUT = 'timeout';
/** Where an HDFS URL has the port of Hadoop's own protocol. */
export const IPC_PORT = 'ipc-port';

const MAX_BODY = 200;

/**
 * The failure that an answer means.
 *
 * @param status not 2xx
 * @param body as it came: Hadoop's JSON, or a gateway's page
 * @param peer host:port of who said it
 */
export function failureOf(status: number, body: unknown, peer: string): RemoteFailure {
  const remote = remoteException(body);
  if (remote) {
    const { exception, message } = remote;
    // A rename of the exception's cause hides in the text: a standby behind a router, as one.
    const lost = NAME_NODE_LOST.test(exception) || CALL_FAILED.test(message);
    const remedy =
      entryOf(REMEDIES, exception) ?? (lost || NO_DATA_NODE.test(message) || BUSY.has(status) ? 'wait' : 'none');
    const words = firstLine(message) || `no message, HTTP status ${status} of ${peer}`;
    return new RemoteFailure({ status, exception, message: words, remedy, ambiguous: lost });
  }
  const text = typeof body === 'string' ? body : '';
  if (text.includes('Hadoop IPC port')) {
    const message = `${peer}: the port is that of Hadoop's own protocol, not of WebHDFS`;
    return new RemoteFailure({ status, exception: IPC_PORT, message, remedy: 'none' });
  }
  const words = wordsOf(text);
  const hint = status === 401 ? "; expected the user's delegation token (--hdfs-token)" : '';
  const message = `${peer}: expected an answer of WebHDFS, got HTTP status ${status}${words === '' ? '' : `: ${words}`}${hint}`;
  const remedy = BUSY.has(status) ? 'wait' : 'none';
  return new RemoteFailure({ status, exception: '', message, remedy, ambiguous: ANSWER_LOST.has(status) });
}

/** What a page says, on one line: its title where it is HTML. */
function wordsOf(text: string): string {
  const [, title] = /<title>([^<]*)<\/title>/i.exec(text) ?? [];
  const words = title ?? text.replaceAll(/<[^>]*>/g, ' ');
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_BODY);
}

function remoteException(body: unknown): { exception: string; message: string } | null {
  let value = body;
  if (typeof body === 'string') {
    try {
      value = JSON.parse(body);
    } catch {
      return null;
    }
  }
  const remote = (value as { RemoteException?: { exception?: unknown; message?: unknown } } | null)?.RemoteException;
  if (!remote) return null;
  return { exception: String(remote.exception ?? ''), message: String(remote.message ?? '') };
}

function firstLine(text: string): string {
  return text.trim().split(/[\r\n]/, 1)[0] ?? '';
}

/** What ends a connection before a request is sent on it. */
const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Errors by code or message, where those do not say what happened. */
const WORDS: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'no more of the answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_SOCKET: 'the connection ended before the answer',
  // Node's own.
  'socket hang up': 'the connection ended before the answer',
  aborted: 'the answer ended early',
  'read ECONNRESET': 'the connection was reset',
  'write ECONNRESET': 'the connection was reset',
  'write EPIPE': 'the connection was reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer ended early',
};

const isOfConnect = (cause: unknown): boolean => (cause as NodeJS.ErrnoException).syscall === 'connect';

/**
 * A failure to send a request or to take in an answer: nothing is known of what the other side did.
 *
 * @param peer host:port
 */
export function connectionFailure(peer: string, cause: unknown): RemoteFailure {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  const said = cause instanceof Error ? firstLine(cause.message) : String(cause);
  const message = WORDS[code] ?? WORDS[said] ?? said;
  const timeout = code.includes('TIMEOUT') || code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT';
  // A certificate that is not trusted is not trusted the next time either.
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|ERR_TLS/.test(code);
  const reached = !certificate && !NOT_REACHED.has(code) && !(code === 'ETIMEDOUT' && isOfConnect(cause));
  return new RemoteFailure({
    status: 0,
    exception: timeout ? TIMEOUT : '',
    message: `${peer}: ${message || code}${certificate ? '; expected a certificate that is trusted' : ''}`,
    remedy: certificate ? 'none' : 'move',
    ambiguous: reached,
    cause,
  });
}
