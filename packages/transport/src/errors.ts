/** What can go wrong on the wire. */
export type TransportErrorCode =
  /** Thrown when an option, an identity, a token or a header is not what it must be. Nothing was sent. */
  | 'configuration'
  /** Thrown when an address cannot be listened on. */
  | 'address'
  /** Thrown when a peer cannot be reached. */
  | 'unreachable'
  /** Thrown when a peer does not know the token, or says something else than a handshake. */
  | 'authentication'
  /** Thrown when two peers share no protocol version. */
  | 'version'
  /** Thrown when a peer belongs to another run. */
  | 'run'
  /** Thrown when a server has too many unauthenticated connections of one address. */
  | 'refused'
  /** Thrown when a wait came to its time limit. */
  | 'timeout'
  /** Thrown when an AbortSignal ended a wait. */
  | 'aborted'
  /** Thrown when this side closed the connection. */
  | 'closed'
  /** Thrown when the other side closed the connection in good order. */
  | 'peer-closed'
  /** Thrown when the connection ended with no farewell: reset, cut, or a peer that died. */
  | 'lost'
  /** Thrown when nothing came from a peer for the detection time. */
  | 'silent'
  /** Thrown when what came is not a frame: magic, version, flags, padding. */
  | 'protocol'
  /** Thrown when a checksum does not match. */
  | 'checksum'
  /** Thrown when a header is not a plain msgpack map. */
  | 'header'
  /** Thrown when a length is above a limit, before anything is allocated for it. */
  | 'limit'
  /** Thrown when too much waits to be sent, too many requests are open, or reading has stopped too long for messages being handled. */
  | 'overloaded'
  /** Thrown when bytes cannot be viewed as float32: misaligned, or no multiple of 4. */
  | 'misaligned'
  /** Thrown when this side's handler failed on a notification, which has nobody to be told otherwise: the connection ends. */
  | 'handler'
  /** Thrown when the peer's handler failed; remoteCode and remoteMessage say how. */
  | 'remote';

/** Whether the same call may work on a new connection, or later. docs/errors.md says the same, and a test compares them. */
export const RETRYABLE = {
  configuration: false,
  address: false,
  unreachable: true,
  authentication: false,
  version: false,
  run: false,
  refused: true,
  timeout: true,
  aborted: false,
  closed: false,
  'peer-closed': true,
  lost: true,
  silent: true,
  protocol: false,
  checksum: false,
  header: false,
  limit: false,
  overloaded: true,
  misaligned: false,
  handler: false,
  remote: false,
} as const satisfies Record<TransportErrorCode, boolean>;

/** Where an error happened, and what caused it. */
export interface TransportErrorOptions extends ErrorOptions {
  /** By default what the code says. */
  readonly retryable?: boolean | undefined;
  /** What went wrong, without where; by default the message. */
  readonly reason?: string | undefined;
  /** Who saw it, as `worker 3 on node-a`. */
  readonly self?: string | undefined;
  /** Who was spoken to, as `shard 0 at 10.0.0.3:4000`. */
  readonly peer?: string | undefined;
  /** What was being done, as `request 7 (kind 17)` or `all-reduce #12 step 3 of 6`. */
  readonly operation?: string | undefined;
  /** The request's number on its connection. */
  readonly request?: number | undefined;
  /** The operation's number among its kind; by default the request's. */
  readonly sequence?: number | undefined;
  /** Bytes that had come: of an answer its payload's. */
  readonly receivedBytes?: number | undefined;
  /** Bytes that should have come, where that is known. */
  readonly expectedBytes?: number | undefined;
  readonly remoteCode?: string | undefined;
  readonly remoteMessage?: string | undefined;
}

/** An error of @weft/transport. The message is one line: what was expected, what came, where. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** Whether the same call may work on a new connection, or later. */
  readonly retryable: boolean;
  /** What went wrong, without where. */
  readonly reason: string;
  /** Who saw it, as `worker 3 on node-a`. */
  readonly self: string | undefined;
  readonly peer: string | undefined;
  readonly operation: string | undefined;
  readonly request: number | undefined;
  readonly sequence: number | undefined;
  readonly receivedBytes: number | undefined;
  readonly expectedBytes: number | undefined;
  readonly remoteCode: string | undefined;
  readonly remoteMessage: string | undefined;

  constructor(
    readonly code: TransportErrorCode,
    message: string,
    options: TransportErrorOptions = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.retryable = options.retryable ?? RETRYABLE[code];
    this.reason = options.reason ?? message;
    this.self = options.self;
    this.peer = options.peer;
    this.operation = options.operation;
    this.request = options.request;
    this.sequence = options.sequence ?? options.request;
    this.receivedBytes = options.receivedBytes;
    this.expectedBytes = options.expectedBytes;
    this.remoteCode = options.remoteCode;
    this.remoteMessage = options.remoteMessage;
  }
}
