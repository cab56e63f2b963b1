import type { Answer, Connection, Handler } from './connection.js';
import { deadline } from './deadline.js';
import { errorHeader } from './error-frame.js';
import { TransportError } from './errors.js';
import type { Frame } from './frame-decoder.js';
import { encodeFrame } from './frame-encoder.js';
import { HandlerCalls } from './handler-calls.js';
import { DEFAULT_TIMES, type Limits } from './limits.js';
import type { Outbox } from './outbox.js';
import { PayloadLease } from './payload-lease.js';
import { freshPayload, type PayloadPool } from './payload-pool.js';
import { FrameKind } from './prefix.js';

export interface MessageDispatcherOptions {
  readonly connection: Connection;
  readonly handler: Handler | undefined;
  readonly pool: PayloadPool | undefined;
  readonly limits: Limits;
  readonly crc: boolean;
  readonly outbox: Outbox;
  /** This side, for messages. */
  readonly self?: string | undefined;
  readonly handlerTimeoutMs?: number | undefined;
  /** Whether the connection still lives. */
  isOpen(): boolean;
  /** Ends the connection. */
  end(code: TransportError['code'], message: string, cause: unknown): void;
  /** Stops reading, or goes on. */
  pause(paused: boolean): void;
}

/** Gives a connection's messages to the handler, and sends what it answers. */
export class MessageDispatcher {
  readonly #o: MessageDispatcherOptions;
  #handledMessages = 0;
  #paused = false;
  /** The pool's memory that a payload is being read into. */
  #acquired: Uint8Array | undefined;
  readonly #calls: HandlerCalls;
  readonly #timeoutMs: number;
  #resumed: () => void = () => {};

  constructor(options: MessageDispatcherOptions) {
    this.#o = options;
    this.#timeoutMs = options.handlerTimeoutMs ?? DEFAULT_TIMES.handlerMs;
    this.#calls = new HandlerCalls({
      timeoutMs: this.#timeoutMs,
      self: options.self,
      onExpire: ({ kind, request }, error) => this.#fail(error, kind, request),
    });
  }

  /** Messages that are being handled, or whose payload is retained. */
  get handledMessages(): number {
    return this.#handledMessages;
  }

  /**
   * Where a message's payload goes; undefined where nothing handles messages.
   *
   * @throws {TransportError} `misaligned` when the pool gives another length, or a place that 8 does not divide
   */
  place(kind: number, payloadBytes: number): Uint8Array | undefined {
    const { handler, pool } = this.#o;
    if (handler === undefined) return undefined;
    if (pool === undefined) return freshPayload(payloadBytes);
    const place = pool.acquire(kind, payloadBytes);
    if (place.length !== payloadBytes || place.byteOffset % 8 !== 0) {
      throw new TransportError(
        'misaligned',
        `pool: ${payloadBytes} bytes at a multiple of 8 expected, got ${place.length} at ${place.byteOffset}`,
      );
    }
    this.#acquired = place;
    return place;
  }

  /**
   * Gives back the memory of a payload that will not be complete, and tells the handlers why nobody needs their answers. To be
   * called when nothing is read any more.
   */
  release(reason: TransportError): void {
    this.#resumed();
    this.#calls.abortAll(reason);
    if (this.#acquired !== undefined) this.#o.pool?.release(this.#acquired);
    this.#acquired = undefined;
  }

  /** Calls the handler at once. Everything that goes wrong ends in an error frame, or in the end of the connection. */
  async dispatch(frame: Frame): Promise<void> {
    const { connection, crc, handler, limits, outbox } = this.#o;
    const { kind, request, term } = frame.prefix;
    this.#acquired = undefined;
    this.#count(1);
    const { header, payload } = frame;
    const lease = new PayloadLease(() => {
      if (payload.length > 0) this.#o.pool?.release(payload);
      this.#count(-1);
    });
    const call = this.#calls.begin(kind, request);
    let answer: Answer | undefined;
    let written: Promise<void> | undefined;
    try {
      if (handler === undefined)
        throw new TransportError('configuration', `kind ${kind}: nothing handles messages here`);
      const message = {
        kind,
        header,
        payload,
        retain: () => lease.retain(),
        term,
        peer: connection.peer,
        get signal() {
          return call.signal;
        },
      };
      answer = await handler(message, connection);
      if (request !== 0 && !call.aborted && this.#o.isOpen()) {
        const reply = encodeFrame({
          kind: FrameKind.reply,
          header: answer?.header,
          payload: answer?.sendView,
          term: connection.term,
          request,
          crc,
          limits,
        });
        written = outbox.deliver(reply, `answer ${request} (kind ${kind})`);
      }
    } catch (error) {
      if (!call.aborted) this.#fail(error, kind, request);
    }
    this.#calls.settled(call);
    try {
      await written;
    } catch (error) {
      // Also where too much waits to be sent: a requester that is never answered would wait for nothing.
      const { code, reason } = error as TransportError;
      this.#o.end(code, `an answer could not be sent: ${reason}`, error);
    }
    lease.end();
    try {
      answer?.onSent?.();
    } catch (error) {
      this.#o.end('handler', `onSent of answer ${request} (kind ${kind}) failed`, error);
    }
  }

  #fail(error: unknown, kind: number, request: number): void {
    if (!this.#o.isOpen()) return;
    const { connection, crc, outbox } = this.#o;
    const header = errorHeader(error);
    const frame = encodeFrame({ kind: FrameKind.error, header, term: connection.term, request, crc });
    if (request === 0) {
      const end = () =>
        this.#o.end(
          'handler',
          `the handler of notification (kind ${kind}) failed: ${String(header['message'])}`,
          error,
        );
      // Also where the peer cannot be told: nobody waits for an answer, and the error must not vanish.
      outbox.deliver(frame, `error of notification (kind ${kind})`).then(end, end);
      return;
    }
    try {
      outbox.send(frame, () => {});
    } catch (cause) {
      this.#o.end('overloaded', `an error could not be sent: ${(cause as TransportError).reason}`, cause);
    }
  }

  /** Reading stops at maxHandledMessages: what a peer may make this side hold is bounded. So is the time: it is not heard meanwhile. */
  #count(change: 1 | -1): void {
    this.#handledMessages += change;
    const { maxHandledMessages } = this.#o.limits;
    const paused = this.#handledMessages >= maxHandledMessages;
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#resumed();
    if (!this.#o.isOpen()) return;
    this.#o.pause(paused);
    if (!paused) return;
    const operation = `reading stopped at ${maxHandledMessages} messages that are being handled`;
    this.#resumed = deadline({
      timeoutMs: this.#timeoutMs,
      operation,
      onExpire: (error) => this.#o.end('overloaded', error.message, error),
    });
  }
}
