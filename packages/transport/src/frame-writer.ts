import type { Writable } from 'node:stream';
import { crc32c } from '@weft/native';
import type { ConnectionStats } from './connection.js';
import { TransportError } from './errors.js';
import { Fifo } from './fifo.js';
import { type EncodedFrame, putSum, sumHead } from './frame-encoder.js';
import type { Limits } from './limits.js';

/** A frame on its way out. */
export interface Sending {
  readonly frame: EncodedFrame;
  /** queued: nothing of it was handed over, its views may still be taken back; writing: its views are the socket's. */
  state: 'queued' | 'writing' | 'done';
  readonly onDone: (error?: TransportError) => void;
}

/** What was handed to the socket in one go. */
interface Piece {
  readonly sending: Sending;
  readonly bytes: number;
  readonly last: boolean;
}

/** One piece of a payload: the kernel copies it while the checksum has left it in the cache, and the peer works on the one before. Shorter ones cost the kernel more. */
const PIECE_BYTES = 512 * 1024;
/** Up to here a frame waits for others that are sent in the same go. */
const CORKED_BYTES = 64 * 1024;
/** What may be handed over without a turn of the event loop: a peer that keeps up would otherwise keep all else from running. */
const TURN_BYTES = 2 * 1024 ** 2;
/** What a frame counts as in a turn beside its bytes, since each is work. */
const TURN_FRAME_BYTES = 512;

/**
 * Writes frames in order, without copies: the parts go to the socket as they are, a long payload piece by piece, and belong to it
 * until onDone. What the kernel has not taken is bounded by maxUnwrittenBytes and one piece: what is above waits here, as references.
 */
export class FrameWriter {
  readonly #socket: Writable;
  readonly #limits: Limits;
  readonly #queue = new Fifo<Sending>();
  readonly #pieces = new Fifo<Piece>();
  /** The frame that is handed over, and how much of its payload was; its checksum so far. */
  #current: Sending | undefined;
  #payloadBytes = 0;
  #sum = 0;
  #unwrittenBytes = 0;
  #turnBytes = 0;
  #waitsForTurn = false;
  #corked = false;
  #failed: TransportError | undefined;
  #farewell: Uint8Array | undefined;
  #sentFrames = 0;
  #sentBytes = 0;

  constructor(socket: Writable, limits: Limits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** Frames that wait for their turn. */
  get queuedFrames(): number {
    return this.#queue.length;
  }

  /** Bytes that the socket has and the kernel has not. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  /** Whether nothing waits, nor is being written. */
  get idle(): boolean {
    return this.#current === undefined && this.#queue.length === 0 && this.#pieces.length === 0;
  }

  /** Frames and bytes that the kernel has taken, and what waits. */
  get stats(): Pick<ConnectionStats, 'sentFrames' | 'sentBytes' | 'queuedFrames' | 'unwrittenBytes'> {
    return {
      sentFrames: this.#sentFrames,
      sentBytes: this.#sentBytes,
      queuedFrames: this.queuedFrames,
      unwrittenBytes: this.#unwrittenBytes,
    };
  }

  /**
   * Sends a frame. onDone is called once: when its views may be written again, or with the reason why it was not sent.
   *
   * @throws {TransportError} `overloaded` when maxQueuedFrames wait already; the connection's error when it has ended
   */
  send(frame: EncodedFrame, onDone: (error?: TransportError) => void): Sending {
    if (this.#failed !== undefined) throw this.#failed;
    const sending: Sending = { frame, state: 'queued', onDone };
    const waits = this.#current !== undefined || this.#queue.length > 0 || !this.#open;
    if (waits && this.#queue.length >= this.#limits.maxQueuedFrames) {
      throw new TransportError(
        'overloaded',
        `at most ${this.#limits.maxQueuedFrames} waiting frames expected, got one more (await what you send)`,
      );
    }
    this.#queue.push(sending);
    this.#pump();
    return sending;
  }

  /** Takes a frame back; false when its bytes are the socket's already. onDone is then not called any more. */
  cancel(sending: Sending): boolean {
    if (sending.state !== 'queued') return false;
    sending.state = 'done';
    this.#queue.remove(sending);
    return true;
  }

  /** Refuses what waits and what is still to come; what is being written goes on, and then the stream ends with the farewell. */
  shut(error: TransportError, farewell?: Uint8Array): void {
    this.#failed ??= error;
    for (const sending of this.#queue.clear()) finish(sending, error);
    if (farewell === undefined) return;
    this.#farewell = farewell;
    this.#pump();
  }

  /** Ends all that is being sent. To be called after the socket was destroyed: the views are free then. */
  fail(error: TransportError): void {
    this.#failed ??= error;
    const begun = this.#pieces.clear().map(({ sending }) => sending);
    if (this.#current !== undefined) begun.push(this.#current);
    this.#current = undefined;
    this.#farewell = undefined;
    for (const sending of begun) finish(sending, error);
    this.shut(error);
  }

  get #open(): boolean {
    return this.#unwrittenBytes < this.#limits.maxUnwrittenBytes && this.#turnBytes < TURN_BYTES;
  }

  #pump(): void {
    while (this.#current !== undefined || this.#queue.length > 0) {
      if (!this.#open) {
        this.#awaitTurn();
        return;
      }
      if (this.#current === undefined) this.#begin(this.#queue.shift()!);
      this.#writePiece(this.#current!);
    }
    if (this.#farewell === undefined) return;
    this.#socket.end(this.#farewell);
    this.#farewell = undefined;
  }

  /** Where too much was handed over in this turn of the event loop, goes on in the next. */
  #awaitTurn(): void {
    if (this.#waitsForTurn || this.#turnBytes < TURN_BYTES) return;
    this.#waitsForTurn = true;
    setImmediate(() => {
      this.#waitsForTurn = false;
      this.#turnBytes = 0;
      this.#pump();
    });
  }

  #begin(sending: Sending): void {
    sending.state = 'writing';
    this.#current = sending;
    this.#payloadBytes = 0;
    this.#turnBytes += TURN_FRAME_BYTES;
    const { own, headBytes } = sending.frame;
    if (own.length > headBytes) this.#sum = sumHead(sending.frame);
  }

  #writePiece(sending: Sending): void {
    const { own, headBytes, payload, bytes: frameBytes } = sending.frame;
    const start = this.#payloadBytes;
    const end = Math.min(payload.length, start + PIECE_BYTES);
    const last = end === payload.length;
    const tailBytes = own.length - headBytes;
    if (tailBytes > 0) {
      this.#sum = crc32c(payload, this.#sum, start, end);
      if (last) putSum(sending.frame, this.#sum);
    }
    this.#payloadBytes = end;
    if (last) this.#current = undefined;
    const bytes = end - start + (start === 0 ? headBytes : 0) + (last ? tailBytes : 0);
    this.#pieces.push({ sending, bytes, last });
    this.#unwrittenBytes += bytes;
    this.#turnBytes += bytes;

    const socket = this.#socket;
    const held = frameBytes <= CORKED_BYTES;
    if (held) this.#corkForNow();
    else {
      this.#uncork();
      socket.cork();
    }
    if (payload.length === 0) {
      socket.write(own, this.#onWritten);
    } else {
      if (start === 0) socket.write(own.subarray(0, headBytes));
      const piece = start === 0 && last ? payload : payload.subarray(start, end);
      if (last && tailBytes > 0) {
        socket.write(piece);
        socket.write(own.subarray(headBytes), this.#onWritten);
      } else {
        socket.write(piece, this.#onWritten);
      }
    }
    if (!held) socket.uncork();
  }

  /** The kernel has the oldest piece. */
  readonly #onWritten = (error?: Error | null): void => {
    // An error ends the connection by the socket's own event, which names the cause: fail() then tells the senders.
    const piece = error ? undefined : this.#pieces.shift();
    if (piece === undefined) return;
    this.#unwrittenBytes -= piece.bytes;
    this.#sentBytes += piece.bytes;
    if (piece.last) {
      this.#sentFrames += 1;
      finish(piece.sending);
    }
    this.#pump();
  };

  /** What is sent in one go reaches the kernel by one call: for small frames the calls are most of the work. */
  #corkForNow(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => this.#uncork());
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }
}

function finish(sending: Sending, error?: TransportError): void {
  if (sending.state === 'done') return;
  sending.state = 'done';
  sending.onDone(error);
}
