import type { OnReadOpts, Socket } from 'node:net';
import { detach, useOnread } from './socket-handle.js';

/** Who takes a socket's bytes. */
export interface ByteConsumer {
  /** Takes bytes; they are not kept. */
  write(chunk: Uint8Array): void;
  /** Where the next bytes belong, at most maxBytes of it; undefined: nowhere special. */
  space?(maxBytes: number): Uint8Array | undefined;
  /** Says that n bytes were read into space(). */
  filled?(n: number): void;
}

/** One for all sockets: a read's bytes are taken before the next read begins, of whichever socket. */
const SCRATCH = new Uint8Array(64 * 1024);
/** One read's length: long enough to be few, short enough that the checksum finds the bytes still in the cache. */
const READ_BYTES = 128 * 1024;

/**
 * Reads one socket for one consumer at a time, and not at all while there is none. Payloads come straight into their place, with
 * no copy in this process, and the rest through a scratch buffer. Where Node does not let a socket be read so, 'data' events serve:
 * the consumer then copies.
 *
 * @example
 * const intake = new SocketIntake();
 * const socket = connect({ host, port, onread: intake.onread });
 * intake.attach(socket, 'straight');
 * intake.start(consumer);
 */
export class SocketIntake {
  /** Whether bytes come straight into space(): then memory that a read may be writing cannot be let go. */
  straight = false;
  #socket: Socket | undefined;
  #consumer: ByteConsumer | undefined;
  /** Whether the read that is going on has its bytes in space(). */
  #inPlace = false;
  /** What TLS had decrypted already when reading stopped: it does not stop within what it took from the kernel at once. */
  #held: Uint8Array[] = [];

  /** For the socket's constructor. */
  readonly onread: OnReadOpts = {
    // Called when the read before it has been taken.
    buffer: () => {
      const space = this.#reading ? this.#consumer?.space?.(READ_BYTES) : undefined;
      this.#inPlace = space !== undefined;
      return space ?? SCRATCH;
    },
    callback: (n, bytes) => {
      if (this.#inPlace) this.#consumer?.filled?.(n);
      else if (this.#reading) this.#consumer?.write(bytes.subarray(0, n));
      else this.#held.push(bytes.slice(0, n));
      return this.#consumer !== undefined;
    },
  };

  /** Says which socket this reads: straight where it was made with onread, else by 'data' events. */
  attach(socket: Socket, way: 'straight' | 'data'): this {
    this.#socket = socket;
    this.straight = way === 'straight';
    if (way === 'straight') {
      socket.on('resume', () => this.#giveHeld());
    } else {
      socket.pause();
      socket.on('data', (chunk: Uint8Array) => this.#consumer?.write(chunk));
    }
    return this;
  }

  /** Reads for this consumer from now on. */
  start(consumer: ByteConsumer): void {
    this.#consumer = consumer;
    this.#socket?.resume();
  }

  /**
   * Reads no more, at once, from within the consumer too. What is not read yet stays in the kernel where reads are straight and not
   * under TLS.
   */
  stop(): void {
    this.#consumer = undefined;
    this.#socket?.pause();
  }

  get #reading(): boolean {
    return this.#consumer !== undefined && this.#held.length === 0 && this.#socket?.isPaused() !== true;
  }

  /** Nothing can be read before 'resume' has been told, so the order is kept. */
  #giveHeld(): void {
    while (this.#held.length > 0 && this.#consumer !== undefined && this.#socket?.isPaused() === false) {
      this.#consumer.write(this.#held.shift()!);
    }
  }
}

/**
 * Makes a socket that was accepted (with pauseOnConnect, and not read yet) into one that is read straight, and stopped.
 *
 * @example createServer({ pauseOnConnect: true }, (accepted) => { const { socket, intake } = adopt(accepted); });
 */
export function adopt(accepted: Socket): { readonly socket: Socket; readonly intake: SocketIntake } {
  const intake = new SocketIntake();
  const socket = detach(accepted, { onread: intake.onread });
  if (socket === undefined) return { socket: accepted, intake: intake.attach(accepted, 'data') };
  return { socket, intake: intake.attach(socket, 'straight') };
}

/**
 * An intake, stopped, of a socket that is there already and not read yet, as one under TLS is.
 *
 * @example secureClient({ socket, token, onSecure: (secure) => intakeOf(secure).start(consumer), onFailed });
 */
export function intakeOf(socket: Socket): SocketIntake {
  const intake = new SocketIntake();
  return intake.attach(socket, useOnread(socket, intake.onread) ? 'straight' : 'data');
}
