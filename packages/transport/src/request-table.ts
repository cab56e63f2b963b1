import { TransportError } from './errors.js';
import type { FrameDecoder } from './frame-decoder.js';
import type { Sending } from './frame-writer.js';
import type { Header } from './header.js';

/** What a request is answered with. */
export interface Reply {
  readonly header: Header;
  /** The caller's `receiveInto`, as far as it was filled, or fresh memory. */
  readonly payload: Uint8Array;
}

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
  #last = 0;

  constructor(maxPending: number, peer: string) {
    this.#maxPending = maxPending;
    this.#peer = peer;
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
      throw new TransportError(
        'overloaded',
        `request to ${this.#peer}: at most ${this.#maxPending} open requests expected, got one more`,
        { peer: this.#peer },
      );
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
      throw new TransportError(
        'protocol',
        `answer of ${this.#peer}: a request number of 1 to ${this.#last} expected, got ${number}`,
      );
    }
    const request = this.#pending.get(number);
    this.#pending.delete(number);
    return request;
  }

  /** Rejects all that wait, each by an error of its own that names peer, operation, and how much of the answer had come. */
  failAll(reason: TransportError, receiving: FrameDecoder['receiving']): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of all) {
      const ours = receiving !== undefined && receiving.prefix.request === request.number;
      const receivedBytes = ours ? receiving.receivedBytes : 0;
      const came = ours ? `${receivedBytes} of ${receiving.prefix.payloadBytes} bytes` : 'nothing';
      request.settle(
        new TransportError(
          reason.code,
          `${request.operation} to ${this.#peer}: ${came} of the answer had come, then: ${reason.message}`,
          {
            cause: reason,
            retryable: reason.retryable,
            peer: this.#peer,
            operation: request.operation,
            request: request.number,
            receivedBytes,
          },
        ),
      );
    }
  }
}
