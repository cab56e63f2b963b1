import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

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
const READ_BYTES = 256 * 1024;

/**
 * Reads one socket for one consumer at a time, and not at all while there is none. Payloads come straight into their place, with
 * no copy in this process, and the rest through a scratch buffer, where the socket takes `onread`: one that connects does, and so
 * does an accepted one that `adopt` made. Others (TLS) are read by 'data' events: the consumer copies.
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

  /** For the socket's constructor. */
  readonly onread: OnReadOpts = {
    // Called when the read before it has been taken.
    buffer: () => {
      const space = this.#consumer?.space?.(READ_BYTES);
      this.#inPlace = space !== undefined;
      return space ?? SCRATCH;
    },
    callback: (n, bytes) => {
      if (this.#inPlace) this.#consumer?.filled?.(n);
      else this.#consumer?.write(bytes.subarray(0, n));
      return this.#consumer !== undefined;
    },
  };

  /** Says which socket this reads: straight where it was made with onread, else by 'data' events. */
  attach(socket: Socket, way: 'straight' | 'data'): this {
    this.#socket = socket;
    this.straight = way === 'straight';
    if (way === 'straight') return this;
    socket.pause();
    socket.on('data', (chunk: Uint8Array) => this.#consumer?.write(chunk));
    return this;
  }

  /** Reads for this consumer from now on. */
  start(consumer: ByteConsumer): void {
    this.#consumer = consumer;
    this.#socket?.resume();
  }

  /** Reads no more, at once, from within the consumer too: what is not read yet stays in the kernel where reads are straight. */
  stop(): void {
    this.#consumer = undefined;
    this.#socket?.pause();
  }
}

/** Node's own handle of a socket: there in every version, in the types of none. */
type Handled = { _handle: object | null };

/**
 * Makes a socket that was accepted (with pauseOnConnect, and not read yet) into one that reads straight: `createServer` takes no
 * `onread`, so its handle moves to a socket of our own. Where Node does not have it so, the socket stays, and 'data' events serve.
 *
 * @example createServer({ pauseOnConnect: true }, (accepted) => { const { socket, intake } = adopt(accepted); });
 */
export function adopt(accepted: Socket): { readonly socket: Socket; readonly intake: SocketIntake } {
  const intake = new SocketIntake();
  const socket = detach(accepted, { onread: intake.onread });
  return { socket, intake: intake.attach(socket, socket === accepted ? 'data' : 'straight') };
}

/**
 * A paused socket with the handle of one that was accepted: the server that accepted it does not wait for its end any more. The
 * accepted one itself where Node does not have handles so.
 *
 * @example const socket = detach(accepted);
 */
export function detach(accepted: Socket, options: { readonly onread?: OnReadOpts } = {}): Socket {
  const holder = accepted as unknown as Handled;
  const handle = holder._handle;
  if (typeof handle !== 'object' || handle === null) return accepted;
  holder._handle = null;
  const socket = new Socket({ ...options, handle, pauseOnCreate: true } as SocketConstructorOpts);
  // Without its handle it closes nothing: it only leaves the server's count.
  accepted.destroy();
  return socket;
}
