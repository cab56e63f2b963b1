import type { Socket } from 'node:net';
import type {
  Connection,
  ConnectionOptions,
  ConnectionStats,
  Handler,
  Reply,
  RequestOptions,
  WaitOptions,
} from './connection.js';
import { checkTimeout, deadline } from './deadline.js';
import { remoteError } from './error-frame.js';
import { TransportError } from './errors.js';
import { type Frame, FrameDecoder } from './frame-decoder.js';
import { type EncodedFrame, encodeFrame, frameBytes } from './frame-encoder.js';
import { FrameWriter } from './frame-writer.js';
import type { Header } from './header.js';
import type { Identity } from './identity.js';
import { DEFAULT_TIMES, type Limits, resolveLimits } from './limits.js';
import { Liveness } from './liveness.js';
import { MessageDispatcher } from './message-dispatcher.js';
import { Outbox } from './outbox.js';
import { FrameKind, type Prefix } from './prefix.js';
import { Requester } from './requester.js';
import type { ByteConsumer } from './socket-intake.js';
import { peerName, seenBy, selfName } from './wait-error.js';

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

/** A connection over a socket that is authenticated. It owns the socket; whoever reads the socket hands the bytes in. */
export class FrameConnection implements Connection, ByteConsumer {
  readonly peer: Identity;
  readonly address: string;
  readonly closed: Promise<TransportError | undefined>;
  term = 0;
  readonly #o: FrameConnectionOptions;
  readonly #limits: Limits;
  readonly #crc: boolean;
  readonly #name: string;
  readonly #self: string;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #requests: Requester;
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
    this.#limits = limits;
    this.#crc = o.crc ?? true;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#decoder = new FrameDecoder({
      limits,
      onFrame: (frame) => this.#onFrame(frame),
      place: (prefix) => this.#place(prefix),
    });
    this.#writer = new FrameWriter(o.socket, limits);
    this.#liveness = new Liveness({
      heartbeatMs: o.heartbeatMs ?? DEFAULT_TIMES.heartbeatMs,
      detectionMs: o.detectionMs ?? DEFAULT_TIMES.detectionMs,
      beat: () => this.#outbox.beat(),
      onSilent: (ms) => this.#end(this.#error('silent', `nothing came for ${Math.round(ms)} ms`)),
    });
    const endHalfway = (operation: string, error: TransportError) =>
      this.#end(this.#error(error.code, `${operation} was given up in the middle of its bytes`, error));
    this.#outbox = new Outbox({
      writer: this.#writer,
      peer: this.#name,
      self: this.#self,
      onSend: () => this.#liveness.sent(),
      endHalfway,
    });
    this.#requests = new Requester({
      peer: this.#name,
      self: this.#self,
      maxPendingRequests: limits.maxPendingRequests,
      outbox: this.#outbox,
      writer: this.#writer,
      decoder: this.#decoder,
      straight: o.straight,
      endHalfway,
    });
    this.#dispatcher = new MessageDispatcher({
      limits,
      crc: this.#crc,
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
        if (paused) {
          this.#decoder.pause();
          o.socket.pause();
        } else {
          this.#goOn();
        }
      },
    });
    o.socket.on('error', (cause) => this.#end(this.#error('lost', cause.message, cause)));
    o.socket.on('end', () => this.#onEnd());
    o.socket.on('close', () => this.#end(this.#error('lost', 'the socket closed')));
  }

  get stats(): ConnectionStats {
    return {
      ...this.#writer.stats,
      ...this.#decoder.stats,
      pendingRequests: this.#requests.pendingRequests,
      handledMessages: this.#dispatcher.handledMessages,
    };
  }

  async request(kind: number, header: Header, options: RequestOptions = {}): Promise<Reply> {
    const encode = (number: number) => this.#encode(kind, header, options.sendView, number);
    return await this.#requests.request(kind, encode, options);
  }

  async notify(kind: number, header: Header, sendView?: ArrayBufferView, options: WaitOptions = {}): Promise<void> {
    await this.#outbox.deliver(this.#encode(kind, header, sendView, 0), `notification (kind ${kind})`, options);
  }

  close(options: WaitOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  /** Takes bytes from whoever reads the socket. */
  write(chunk: Uint8Array): void {
    this.#liveness.received();
    try {
      this.#decoder.write(chunk);
    } catch (error) {
      this.#endBy(error);
    }
  }

  space(maxBytes: number): Uint8Array | undefined {
    return this.#decoder.space(maxBytes);
  }

  filled(n: number): void {
    this.#liveness.received();
    try {
      this.#decoder.filled(n);
    } catch (error) {
      this.#endBy(error);
    }
  }

  /** Reads again, first what had come before the pause: of it alone there may be too much. */
  #goOn(): void {
    try {
      this.#decoder.resume();
    } catch (error) {
      this.#endBy(error);
    }
    if (!this.#decoder.paused) this.#o.socket.resume();
  }

  #encode(kind: number, header: Header, payload: ArrayBufferView | undefined, request: number): EncodedFrame {
    this.#checkOpen(kind);
    return encodeFrame({ kind, header, payload, term: this.term, request, crc: this.#crc, limits: this.#limits });
  }

  /** Ends by what went wrong in a frame. */
  #endBy(error: unknown): void {
    this.#end(
      error instanceof TransportError
        ? this.#error(error.code, error.reason, error)
        : this.#error('protocol', 'a frame could not be taken', error),
    );
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
    } else if (kind === FrameKind.reply || (kind === FrameKind.error && request !== 0)) {
      this.#requests.onAnswer(frame);
    } else if (kind === FrameKind.error) {
      this.#end(remoteError(frame.header, { peer: this.#name, self: this.#self, operation: 'notification' }));
    } else if (kind === FrameKind.close) {
      this.#end(this.#error('peer-closed', 'the peer closed the connection'));
    } else if (kind !== FrameKind.heartbeat) {
      throw new TransportError('protocol', `frame: a known kind expected, got ${kind}`);
    }
  }

  #place(prefix: Prefix): Uint8Array | undefined {
    const { kind, payloadBytes } = prefix;
    if (kind >= FrameKind.application) return this.#dispatcher.place(kind, payloadBytes);
    return this.#requests.place(prefix);
  }

  async #close({ timeoutMs = DEFAULT_TIMES.closeMs, signal }: WaitOptions): Promise<void> {
    if (this.#ended !== undefined) return;
    const { socket } = this.#o;
    const reason = this.#error('closed', 'this side closed the connection');
    this.#decoder.stop();
    this.#liveness.stop();
    try {
      await new Promise<void>((resolve) => {
        if (signal?.aborted === true) return resolve();
        const done = deadline({ timeoutMs, signal, operation: 'close', onExpire: () => resolve() });
        socket.once('close', () => {
          done();
          resolve();
        });
        socket.resume();
        this.#writer.shut(reason, frameBytes(encodeFrame({ kind: FrameKind.close, crc: false })));
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
