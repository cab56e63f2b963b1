import type { Reply } from './connection.js';
import { TransportError } from './errors.js';
import type { FrameDecoder } from './frame-decoder.js';
import type { Sending } from './frame-writer.js';
import { FrameKind } from './prefix.js';
import { type Progress, seenBy, waitError } from './wait-error.js';

/** A request that waits for its answer. */
export interface PendingRequest {
  readonly number: number;
  /** As `request 7 (kind 17)`. */
  readonly operation: string;
  readonly receiveInto: Uint8Array | undefined;
  sending: Sending | undefined;
  settle(outcome: Reply | TransportError): void;
}

/** The requests of one side of a connection: numbered from 1, answered in any order. */
export class RequestTable {
  readonly #pending = new Map<number, PendingRequest>();
  readonly #maxPending: number;
  readonly #peer: string;
  readonly #self: string | undefined;
  #last = 0;

  constructor(maxPending: number, peer: string, self?: string) {
    this.#maxPending = maxPending;
    this.#peer = peer;
    this.#self = self;
  }

  get size(): number {
    return this.#pending.size;
  }

  /**
   * The next number.
   *
   * @throws {TransportError} `overloaded` when maxPendingRequests wait already
   */
  number(): number {
    if (this.#pending.size >= this.#maxPending) {
      const reason = `at most ${this.#maxPending} open requests expected, got one more`;
      throw waitError('overloaded', { operation: 'request', self: this.#self, peer: this.#peer }, { reason });
    }
    this.#last += 1;
    return this.#last;
  }

  add(request: PendingRequest): void {
    this.#pending.set(request.number, request);
  }

  get(number: number): PendingRequest | undefined {
    return this.#pending.get(number);
  }

  /**
   * Takes out the request that an answer is for; undefined when it was given up.
   *
   * @throws {TransportError} `protocol` when no such request was ever sent
   */
  take(number: number): PendingRequest | undefined {
    if (number < 1 || number > this.#last) {
      const reason = `answer: a request number of 1 to ${this.#last} expected, got ${number}`;
      throw new TransportError('protocol', seenBy(`${this.#peer}: ${reason}`, this.#self), { reason });
    }
    const request = this.#pending.get(number);
    this.#pending.delete(number);
    return request;
  }

  /** Rejects all that wait, each by an error of its own that names peer, operation, and how much of the answer had come. */
  failAll(reason: TransportError, receiving: FrameDecoder['receiving']): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { number, operation, settle } of all) {
      const wait = { operation, request: number, self: this.#self, peer: this.#peer };
      const end = { reason: reason.reason, cause: reason, retryable: reason.retryable };
      settle(waitError(reason.code, { ...wait, ...answerProgress(number, receiving) }, end));
    }
  }
}

/**
 * How much of a request's answer has come.
 *
 * @example answerProgress(7, decoder.receiving) // { receivedBytes: 500, expectedBytes: 1000 }, or { receivedBytes: 0 }
 */
export function answerProgress(number: number, receiving: FrameDecoder['receiving']): Progress {
  if (receiving?.prefix.kind !== FrameKind.reply || receiving.prefix.request !== number) return { receivedBytes: 0 };
  return { receivedBytes: receiving.receivedBytes, expectedBytes: receiving.prefix.payloadBytes };
}
