import type { OnReadOpts } from 'node:net';

/** Who takes a socket's bytes. */
export interface ByteConsumer {
  /** Takes bytes; they are not kept. */
  write(chunk: Uint8Array): void;
  /** Where the next bytes belong, at most maxBytes of it; undefined: nowhere special. */
  space?(maxBytes: number): Uint8Array | undefined;
  /** Says that n bytes were read into space(). */
  filled?(n: number): void;
}

const SCRATCH_BYTES = 64 * 1024;
/** One read's length: long enough to be few, short enough that the checksum finds the bytes still in the cache. */
const READ_BYTES = 256 * 1024;

/**
 * Reads an outgoing socket: payloads come straight into their place, with no copy in this process; the rest goes through a scratch
 * buffer. To be given as `onread` to net.connect; a server's sockets have no such thing and copy once, out of 'data' events.
 */
export class SocketIntake {
  consumer: ByteConsumer;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  #straight = false;

  constructor(consumer: ByteConsumer) {
    this.consumer = consumer;
  }

  readonly onread: OnReadOpts = {
    buffer: () => {
      const space = this.consumer.space?.(READ_BYTES);
      this.#straight = space !== undefined;
      return space ?? this.#scratch;
    },
    callback: (n, bytes) => {
      if (this.#straight) this.consumer.filled!(n);
      else this.consumer.write(bytes.subarray(0, n));
      return true;
    },
  };
}
