import type { Socket } from 'node:net';
import type { Connection, ConnectionOptions, Handler, RequestOptions, WaitOptions } from './connection.js';
import { checkTimeout, deadline } from './deadline.js';
import { remoteError } from './error-frame.js';
import { TransportError } from './errors.js';
import { type Frame, FrameDecoder, freshPayload } from './frame-decoder.js';
import { encodeFrame, frameBytes } from './frame-encoder.js';
import { FrameWriter } from './frame-writer.js';
import type { Header } from './header.js';
import type { Identity } from './identity.js';
import { DEFAULT_TIMES, type Limits, resolveLimits } from './limits.js';
import { Liveness } from './liveness.js';
import { MessageDispatcher } from './message-dispatcher.js';
import { Outbox } from './outbox.js';
import { FrameKind, type Prefix } from './prefix.js';
import { answerProgress, type PendingRequest, type Reply, RequestTable } from './request-table.js';
import type { ByteConsumer } from './socket-intake.js';
import { peerName, seenBy, selfName, waitError } from './wait-error.js';

export interface FrameConnectionOptions extends ConnectionOptions {
  readonly socket: Socket;
  /** Who this side is. */
  readonly identity: Identity;
  readonly peer: Identity;
  readonly address: string;
  /** Whether payloads are read straight into their place: then memory that a read may be writing cannot be let go. */
  readonly straight: boolean;
  readonly crc?: boolean | undefined;
  readonly handler?: Handler | undefined;
}

type OpenSettings = { readonly limits: Limits; readonly crc: boolean };

/** A connection over a socket that is authenticated. It owns the socket; whoever reads the socket hands the bytes in. */
export class FrameConnection implements Connection, ByteConsumer {
  readonly peer: Identity;
  readonly address: string;
  readonly closed: Promise<TransportError | undefined>;
  term = 0;
  readonly #o: FrameConnectionOptions;
  readonly #open: OpenSettings;
  readonly #name: string;
  readonly #self: string;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #requests: RequestTable;
  readonly #liveness: Liveness;
  readonly #outbox: Outbox;
  readonly #dispatcher: MessageDispatcher;
  #ended: TransportError | undefined;
  #closing: Promise<void> | undefined;
  #resolveClosed!: (reason: TransportError | undefined) => void;

  constructor(o: FrameConnectionOptions) {
    this.#o = o;
    this.peer = o.peer;
    this.address = o.address;
    this.#name = peerName(o.peer, o.address);
    this.#self = selfName(o.identity);
    const limits = resolveLimits(o.limits);
    checkTimeout('handlerTimeoutMs', o.handlerTimeoutMs ?? DEFAULT_TIMES.handlerMs); // before anything runs
    this.#open = { limits, crc: o.crc ?? true };
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#decoder = new FrameDecoder({
      limits,
      onFrame: (frame) => this.#onFrame(frame),
      place: (prefix) => this.#place(prefix),
    });
    this.#writer = new FrameWriter(o.socket, limits);
    this.#requests = new RequestTable(limits.maxPendingRequests, this.#name, this.#self);
    this.#liveness = new Liveness({
      heartbeatMs: o.heartbeatMs ?? DEFAULT_TIMES.heartbeatMs,
      detectionMs: o.detectionMs ?? DEFAULT_TIMES.detectionMs,
      beat: () => {
        if (this.#writer.unwrittenBytes > 0) return; // its bytes are life enough, and a beat could not pass them
        this.#guard(() => this.#outbox.send(encodeFrame({ kind: FrameKind.heartbeat, crc: false }), () => {}));
      },
      onSilent: (ms) => this.#end(this.#error('silent', `nothing came for ${Math.round(ms)} ms`)),
    });
    this.#outbox = new Outbox({
      writer: this.#writer,
      peer: this.#name,
      self: this.#self,
      onSend: () => this.#liveness.sent(),
      endHalfway: (operation, error) => this.#endHalfway(operation, error),
    });
    this.#dispatcher = new MessageDispatcher({
      ...this.#open,
      connection: this,
      handler: o.handler,
      pool: o.pool,
      outbox: this.#outbox,
      self: this.#self,
      handlerTimeoutMs: o.handlerTimeoutMs,
      isOpen: () => this.#ended === undefined && this.#closing === undefined,
      end: (code, message, cause) => this.#end(this.#error(code, message, cause)),
      pause: (paused) => {
        this.#liveness.pause(paused);
        if (paused) o.socket.pause();
        else o.socket.resume();
      },
    });
    o.socket.on('error', (cause) => this.#end(this.#error('lost', cause.message, cause)));
    o.socket.on('end', () => this.#onEnd());
    o.socket.on('close', () => this.#end(this.#error('lost', 'the socket closed')));
  }

  async request(kind: number, header: Header, options: RequestOptions = {}): Promise<Reply> {
    this.#checkOpen(kind);
    const { sendView, receiveInto, timeoutMs = DEFAULT_TIMES.requestMs, signal } = options;
    const number = this.#requests.number();
    const operation = `request ${number} (kind ${kind})`;
    const frame = encodeFrame({ ...this.#open, kind, header, payload: sendView, term: this.term, request: number });
    return await new Promise<Reply>((resolve, reject) => {
      const request: PendingRequest = {
        number,
        operation,
        receiveInto,
        sending: undefined,
        settle: (outcome) => {
          done();
          if (outcome instanceof TransportError) reject(outcome);
          else resolve(outcome);
        },
      };
      const done = deadline({
        timeoutMs,
        signal,
        operation,
        request: number,
        self: this.#self,
        peer: this.#name,
        progress: () => answerProgress(number, this.#decoder.receiving),
        onExpire: (error) => this.#giveUp(request, error),
      });
      this.#requests.add(request);
      try {
        // Its end is told by failAll, with the reason.
        request.sending = this.#outbox.send(frame, () => {});
      } catch (error) {
        this.#requests.take(number);
        done();
        throw error;
      }
    });
  }

  async notify(kind: number, header: Header, sendView?: ArrayBufferView, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen(kind);
    const frame = encodeFrame({ ...this.#open, kind, header, payload: sendView, term: this.term });
    await this.#outbox.deliver(frame, `notification (kind ${kind})`, options);
  }

  close(options: WaitOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  /** Takes bytes from whoever reads the socket. */
  write(chunk: Uint8Array): void {
    this.#liveness.received();
    this.#guard(() => this.#decoder.write(chunk));
  }

  space(maxBytes: number): Uint8Array | undefined {
    return this.#decoder.space(maxBytes);
  }

  filled(n: number): void {
    this.#liveness.received();
    this.#guard(() => this.#decoder.filled(n));
  }

  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#end(
        error instanceof TransportError
          ? this.#error(error.code, error.reason, error)
          : this.#error('protocol', 'a frame could not be taken', error),
      );
    }
  }

  #onEnd(): void {
    try {
      this.#decoder.end();
      this.#end(this.#error('lost', 'the peer ended the connection without a farewell'));
    } catch (error) {
      this.#end(this.#error('lost', (error as TransportError).reason, error));
    }
  }

  #onFrame(frame: Frame): void {
    const { kind, request } = frame.prefix;
    if (kind >= FrameKind.application) {
      void this.#dispatcher.dispatch(frame);
    } else if (kind === FrameKind.reply) {
      const pending = this.#requests.take(request);
      pending?.settle(
        frame.discarded ? this.#tooLong(pending, frame.prefix) : { header: frame.header, payload: frame.payload },
      );
    } else if (kind === FrameKind.error) {
      if (request === 0) {
        this.#end(remoteError(frame.header, { peer: this.#name, self: this.#self, operation: 'notification' }));
      } else {
        const pending = this.#requests.take(request);
        const where = { peer: this.#name, self: this.#self, request };
        pending?.settle(remoteError(frame.header, { ...where, operation: pending.operation }));
      }
    } else if (kind === FrameKind.close) {
      this.#end(this.#error('peer-closed', 'the peer closed the connection'));
    } else if (kind !== FrameKind.heartbeat) {
      throw new TransportError('protocol', `frame: a known kind expected, got ${kind}`);
    }
  }

  #tooLong({ operation, receiveInto }: PendingRequest, { payloadBytes, request }: Prefix): TransportError {
    const reason = `an answer of at most ${receiveInto?.length ?? 0} bytes expected (receiveInto), got ${payloadBytes}`;
    return waitError('limit', { operation, request, self: this.#self, peer: this.#name }, { reason });
  }

  #place(prefix: Prefix): Uint8Array | undefined {
    const { kind, payloadBytes, request } = prefix;
    if (kind >= FrameKind.application) return this.#dispatcher.place(kind, payloadBytes);
    const pending = kind === FrameKind.reply ? this.#requests.get(request) : undefined;
    if (pending === undefined) return undefined;
    if (pending.receiveInto === undefined) return freshPayload(payloadBytes);
    return payloadBytes <= pending.receiveInto.length ? pending.receiveInto.subarray(0, payloadBytes) : undefined;
  }

  #giveUp(request: PendingRequest, error: TransportError): void {
    this.#requests.take(request.number);
    const { sending } = request;
    const receiving = this.#decoder.receiving;
    const arriving =
      request.receiveInto !== undefined &&
      receiving?.prefix.kind === FrameKind.reply &&
      receiving.prefix.request === request.number;
    if (sending?.state === 'queued') this.#writer.cancel(sending);
    const leaving = sending?.state === 'writing' && sending.frame.payload.length > 0;
    if (leaving || (arriving && this.#o.straight)) this.#endHalfway(request.operation, error);
    else if (arriving) this.#decoder.discard();
    request.settle(error);
  }

  #endHalfway(operation: string, error: TransportError): void {
    this.#end(this.#error(error.code, `${operation} was given up in the middle of its bytes`, error));
  }

  async #close({ timeoutMs = DEFAULT_TIMES.closeMs, signal }: WaitOptions): Promise<void> {
    if (this.#ended !== undefined) return;
    const { socket } = this.#o;
    const reason = this.#error('closed', 'this side closed the connection');
    this.#decoder.stop();
    this.#liveness.stop();
    this.#writer.shut(reason);
    try {
      await new Promise<void>((resolve) => {
        if (signal?.aborted === true) return resolve();
        const done = deadline({ timeoutMs, signal, operation: 'close', onExpire: () => resolve() });
        socket.once('close', () => {
          done();
          resolve();
        });
        socket.resume();
        socket.end(frameBytes(encodeFrame({ kind: FrameKind.close, crc: false })));
      });
    } finally {
      this.#end(reason);
    }
  }

  /** The one place where a connection ends. What waits is told after the socket is gone: nothing reads or writes its memory then. */
  #end(why: TransportError): void {
    if (this.#ended !== undefined) return;
    const reason = this.#closing === undefined ? why : this.#error('closed', 'this side closed the connection');
    this.#ended = reason;
    const { receiving } = this.#decoder;
    this.#decoder.stop();
    this.#liveness.stop();
    this.#o.socket.destroy();
    this.#writer.fail(reason);
    this.#requests.failAll(reason, receiving);
    this.#dispatcher.release(reason);
    this.#resolveClosed(this.#closing === undefined ? reason : undefined);
  }

  #checkOpen(kind: number): void {
    if (this.#ended !== undefined) throw this.#error(this.#ended.code, this.#ended.reason, this.#ended);
    if (this.#closing !== undefined) throw this.#error('closed', 'this side closed the connection');
    if (!Number.isInteger(kind) || kind < FrameKind.application || kind > 255) {
      throw new TransportError('configuration', `kind: 16 to 255 expected, got ${String(kind)}`);
    }
  }

  #error(code: TransportError['code'], reason: string, cause?: unknown): TransportError {
    const message = seenBy(`${this.#name}: ${reason}`, this.#self);
    return new TransportError(code, message, { cause, reason, self: this.#self, peer: this.#name });
  }
}
