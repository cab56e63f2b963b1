import type { TransportError } from './errors.js';
import type { Header } from './header.js';
import type { Identity } from './identity.js';
import type { Limits } from './limits.js';
import type { PayloadPool } from './payload-pool.js';

/** A request or a notification that came. */
export interface Message {
  readonly kind: number;
  readonly header: Header;
  /**
   * A view that is lent to the handler, aligned to 8. Valid until the handler's promise settles, or, where the answer has a
   * `sendView`, until that is sent: then a pool may give its memory to the next message. Copy what is to be kept, or retain it.
   */
  readonly payload: Uint8Array;
  /**
   * Keeps the payload beyond the handler's promise, until the returned function (release) is called; more calls of that do nothing.
   * A payload that is kept counts among the messages being handled (maxHandledMessages): what a peer makes this side hold is bounded.
   *
   * @throws {TransportError} `configuration` when called after the payload was given back
   * @example const release = message.retain(); later(message.payload).finally(release);
   */
  readonly retain: () => () => void;
  /** The roster's term that the sender is in; judging it is the application's. */
  readonly term: number;
  readonly peer: Identity;
  /** Aborts when nobody needs the answer any more: the connection ended, or handlerTimeoutMs is over. */
  readonly signal: AbortSignal;
}

/** What a handler answers a request with. Notifications are not answered. */
export interface Answer {
  readonly header?: Header | undefined;
  /** The handler's own memory, sent without a copy: not to be written until onSent is called. */
  readonly sendView?: ArrayBufferView | undefined;
  /** Called once, when sendView may be written again, whether it was sent or the connection ended. */
  readonly onSent?: (() => void) | undefined;
}

/**
 * Handles what a peer sends. Called in the order of arrival; answers may be given in any order. What it throws becomes an error
 * frame: `code`, `message` and `retryable` of the error reach the requester. On a notification it ends the connection on both sides,
 * since nobody waits for an answer and an error must not vanish.
 */
export type Handler = (message: Message, connection: Connection) => Answer | undefined | Promise<Answer | undefined>;

/** What a request is answered with. */
export interface Reply {
  readonly header: Header;
  /** The caller's `receiveInto`, as far as it was filled, or fresh memory. */
  readonly payload: Uint8Array;
}

/** Bounds of one wait. */
export interface WaitOptions {
  /** Default 30,000, where it is not said otherwise. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RequestOptions extends WaitOptions {
  /** The caller's own memory, sent without a copy: not to be written until the promise settles. */
  readonly sendView?: ArrayBufferView | undefined;
  /**
   * The caller's own memory, where the reply's payload is put with no stop between: not to be touched until the promise settles.
   * The payload may be shorter; a longer one rejects with `limit`.
   */
  readonly receiveInto?: ArrayBufferView | undefined;
}

/** What both sides of a connection can set. */
export interface ConnectionOptions {
  readonly limits?: Partial<Limits> | undefined;
  /** Something is sent at least this often. Default 2,000. */
  readonly heartbeatMs?: number | undefined;
  /** A peer of which nothing came for this long is taken for dead. Default 10,000. */
  readonly detectionMs?: number | undefined;
  /**
   * How long a handler may take; then the requester is told `timeout`, and for a notification the connection ends. Where reading has
   * stopped for that long, since maxHandledMessages are being handled, the connection ends. Default 600,000.
   */
  readonly handlerTimeoutMs?: number | undefined;
  /** Whether frames carry a checksum of header and payload. Default auto: except over loopback and under TLS. Both kinds are read. */
  readonly crc?: boolean | 'auto' | undefined;
  /** Where received messages' payloads are put; default fresh memory for each. */
  readonly pool?: PayloadPool | undefined;
}

/** What a connection did so far, and holds now. */
export interface ConnectionStats {
  /** Frames and their bytes that the kernel has taken. None of them is ever copied by this side. */
  readonly sentFrames: number;
  readonly sentBytes: number;
  /** Frames that wait to be written: references only. */
  readonly queuedFrames: number;
  /** Bytes handed to the socket that the kernel has not taken: at most maxUnwrittenBytes and one piece of 512 KiB. */
  readonly unwrittenBytes: number;
  readonly receivedFrames: number;
  readonly receivedBytes: number;
  /** Payload bytes that were copied once on their way into their place; all others were read into it by the kernel. */
  readonly copiedBytes: number;
  /** Requests of this side that wait for their answers. */
  readonly pendingRequests: number;
  /** Messages of the peer that are being handled, or whose payload is retained. */
  readonly handledMessages: number;
}

/** An authenticated connection. Both sides can ask and answer. */
export interface Connection {
  readonly peer: Identity;
  /** The peer's address, as `127.0.0.1:4000`. */
  readonly address: string;
  /** Stamped on what is sent. */
  term: number;
  /** As of now. */
  readonly stats: ConnectionStats;
  /**
   * Sends a request and waits for its answer. Given up (timeout, abort) in the middle of the bytes of a `sendView` or a `receiveInto`,
   * it closes the connection: nothing else could keep the caller's memory from being read or written afterwards.
   *
   * @throws {TransportError} `remote` when the peer's handler failed, `timeout`, `aborted`, `overloaded`, `limit`, `configuration`,
   *   or why the connection ended
   */
  request(kind: number, header: Header, options?: RequestOptions): Promise<Reply>;
  /**
   * Sends what needs no answer. `sendView` is the caller's memory, sent without a copy; the promise resolves when it may be
   * written again: the kernel has it, which does not say that the peer has.
   *
   * @throws {TransportError} as request does, without `remote`
   */
  notify(kind: number, header: Header, sendView?: ArrayBufferView, options?: WaitOptions): Promise<void>;
  /** Resolves once, when nothing is read or written any more: with the reason, or undefined where this side closed it. */
  readonly closed: Promise<TransportError | undefined>;
  /**
   * Closes in good order: says so to the peer and waits timeoutMs (default 1,000) at most for it; the signal ends that wait. Rejects
   * what is pending, never rejects itself. Any number of calls; the options of the first count.
   */
  close(options?: WaitOptions): Promise<void>;
}
