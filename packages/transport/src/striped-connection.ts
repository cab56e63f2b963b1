import type { Connection, ConnectionStats, Reply, RequestOptions, WaitOptions } from './connection.js';
import { TransportError } from './errors.js';
import type { Header } from './header.js';
import type { Identity } from './identity.js';

/** A stripe, and the bytes and messages that were given to it and are not done. */
interface Stripe {
  readonly connection: Connection;
  load: number;
}

/** What a message weighs beside its bytes. */
const MESSAGE_LOAD = 1024;

/** Several connections to one peer as one: each message goes whole over the one that has the least to do. */
export class StripedConnection implements Connection {
  readonly peer: Identity;
  /** The first socket's. */
  readonly address: string;
  readonly closed: Promise<TransportError | undefined>;
  readonly #stripes: readonly Stripe[];
  #term = 0;
  /** Why the first of the sockets ended. */
  #lost: TransportError | undefined;

  /** @param connections at least one, all to the same peer */
  constructor(connections: readonly Connection[]) {
    const [first] = connections;
    this.peer = first!.peer;
    this.address = first!.address;
    this.#stripes = connections.map((connection) => ({ connection, load: 0 }));
    // What is under way on the others could not be told from what was lost: one end is everyone's.
    this.closed = Promise.race(connections.map((connection) => connection.closed)).then(async (reason) => {
      this.#lost = reason;
      await this.close();
      return reason;
    });
  }

  get term(): number {
    return this.#term;
  }

  set term(term: number) {
    this.#term = term;
    for (const { connection } of this.#stripes) connection.term = term;
  }

  get stats(): ConnectionStats {
    const all = this.#stripes.map(({ connection }) => connection.stats);
    const sum = { ...all[0]! } as { -readonly [K in keyof ConnectionStats]: number };
    for (const stats of all.slice(1)) {
      for (const key of Object.keys(sum) as (keyof ConnectionStats)[]) sum[key] += stats[key];
    }
    return sum;
  }

  request(kind: number, header: Header, options: RequestOptions = {}): Promise<Reply> {
    const { sendView, receiveInto } = options;
    return this.#over((sendView?.byteLength ?? 0) + (receiveInto?.byteLength ?? 0), (connection) =>
      connection.request(kind, header, options),
    );
  }

  notify(kind: number, header: Header, sendView?: ArrayBufferView, options?: WaitOptions): Promise<void> {
    return this.#over(sendView?.byteLength ?? 0, (connection) => connection.notify(kind, header, sendView, options));
  }

  async close(options: WaitOptions = {}): Promise<void> {
    await Promise.all(this.#stripes.map(({ connection }) => connection.close(options)));
  }

  /** What was under way on a socket that this side closed ended for the reason that the first socket did. */
  #told(error: unknown): unknown {
    const lost = this.#lost;
    if (lost === undefined || !(error instanceof TransportError) || error.code !== 'closed') return error;
    const { self, peer, operation, request, receivedBytes } = error;
    const { code, message, reason, retryable } = lost;
    return new TransportError(code, message, {
      cause: error,
      reason,
      retryable,
      ...{ self, peer, operation, request, receivedBytes },
    });
  }

  async #over<T>(bytes: number, send: (connection: Connection) => Promise<T>): Promise<T> {
    let least = this.#stripes[0]!;
    for (const stripe of this.#stripes) if (stripe.load < least.load) least = stripe;
    const load = bytes + MESSAGE_LOAD;
    least.load += load;
    try {
      return await send(least.connection);
    } catch (error) {
      throw this.#told(error);
    } finally {
      least.load -= load;
    }
  }
}
