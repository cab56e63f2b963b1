import { bytesOf } from './byte-view.js';
import type { Reply, RequestOptions } from './connection.js';
import { deadline } from './deadline.js';
import { remoteError } from './error-frame.js';
import { TransportError } from './errors.js';
import type { Frame, FrameDecoder } from './frame-decoder.js';
import type { EncodedFrame } from './frame-encoder.js';
import type { FrameWriter } from './frame-writer.js';
import { DEFAULT_TIMES } from './limits.js';
import type { Outbox } from './outbox.js';
import { freshPayload } from './payload-pool.js';
import { FrameKind, type Prefix } from './prefix.js';
import { answerProgress, type PendingRequest, RequestTable } from './request-table.js';
import { waitError } from './wait-error.js';

export interface RequesterOptions {
  /** The peer, for messages. */
  readonly peer: string;
  /** This side, for messages. */
  readonly self?: string | undefined;
  readonly maxPendingRequests: number;
  readonly outbox: Outbox;
  readonly writer: FrameWriter;
  readonly decoder: FrameDecoder;
  /** Whether payloads are read straight into their place: then memory that a read may be writing cannot be let go. */
  readonly straight: boolean;
  /** Ends the connection, since a frame was given up in the middle of its bytes. */
  endHalfway(operation: string, error: TransportError): void;
}

/** Sends one connection's requests, and brings the answers to those who wait for them. */
export class Requester {
  readonly #o: RequesterOptions;
  readonly #table: RequestTable;

  constructor(options: RequesterOptions) {
    this.#o = options;
    this.#table = new RequestTable(options.maxPendingRequests, options.peer, options.self);
  }

  /** Requests that wait for their answers. */
  get pendingRequests(): number {
    return this.#table.size;
  }

  /**
   * Sends a request, and waits for its answer.
   *
   * @param encode makes the request's frame, given its number
   * @throws {TransportError} as Connection.request does
   */
  request(kind: number, encode: (number: number) => EncodedFrame, o: RequestOptions): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const number = this.#table.number();
      const operation = `request ${number} (kind ${kind})`;
      const frame = encode(number);
      const request: PendingRequest = {
        number,
        operation,
        receiveInto: o.receiveInto && bytesOf(o.receiveInto),
        sending: undefined,
        settle: (outcome) => {
          done();
          if (outcome instanceof TransportError) reject(outcome);
          else resolve(outcome);
        },
      };
      const done = deadline({
        timeoutMs: o.timeoutMs ?? DEFAULT_TIMES.requestMs,
        signal: o.signal,
        operation,
        request: number,
        self: this.#o.self,
        peer: this.#o.peer,
        progress: () => answerProgress(number, this.#o.decoder.receiving),
        onExpire: (error) => this.#giveUp(request, error),
      });
      this.#table.add(request);
      try {
        request.sending = this.#o.outbox.send(frame, toldByFailAll);
      } catch (error) {
        this.#table.take(number);
        done();
        throw error;
      }
    });
  }

  /** Where the payload of a reply goes; undefined where nobody waits for it, or it is too long. */
  place({ kind, payloadBytes, request }: Prefix): Uint8Array | undefined {
    const pending = kind === FrameKind.reply ? this.#table.get(request) : undefined;
    if (pending === undefined) return undefined;
    if (pending.receiveInto === undefined) return freshPayload(payloadBytes);
    return payloadBytes <= pending.receiveInto.length ? pending.receiveInto.subarray(0, payloadBytes) : undefined;
  }

  /**
   * Takes an answer: a reply, or an error with a request's number.
   *
   * @throws {TransportError} `protocol` when no such request was ever sent
   */
  onAnswer(frame: Frame): void {
    const { kind, request, payloadBytes } = frame.prefix;
    const pending = this.#table.take(request);
    if (pending === undefined) return;
    const { operation, receiveInto } = pending;
    const { peer, self } = this.#o;
    if (kind === FrameKind.error) {
      pending.settle(remoteError(frame.header, { peer, self, operation, request }));
    } else if (frame.discarded) {
      const reason = `an answer of at most ${receiveInto?.length ?? 0} bytes expected (receiveInto), got ${payloadBytes}`;
      pending.settle(waitError('limit', { operation, request, self, peer }, { reason }));
    } else {
      pending.settle({ header: frame.header, payload: frame.payload });
    }
  }

  /** Rejects all that wait. */
  failAll(reason: TransportError, receiving: FrameDecoder['receiving']): void {
    this.#table.failAll(reason, receiving);
  }

  #giveUp(request: PendingRequest, error: TransportError): void {
    const { decoder, endHalfway, straight, writer } = this.#o;
    this.#table.take(request.number);
    const { sending } = request;
    const { receiving } = decoder;
    const arriving =
      request.receiveInto !== undefined &&
      receiving?.prefix.kind === FrameKind.reply &&
      receiving.prefix.request === request.number;
    if (sending?.state === 'queued') writer.cancel(sending);
    const leaving = sending?.state === 'writing' && sending.frame.payload.length > 0;
    if (leaving || (arriving && straight)) endHalfway(request.operation, error);
    else if (arriving) decoder.discard();
    request.settle(error);
  }
}

/** How the sending of a request ends is nobody's concern: failAll tells the reason. */
function toldByFailAll(): void {}
