import type { Writable } from 'node:stream';
import { TransportError } from './errors.js';
import type { EncodedFrame } from './frame-encoder.js';
import type { Limits } from './limits.js';

/** A frame on its way out. */
export interface Sending {
  readonly frame: EncodedFrame;
  /** queued: nothing of it was handed over, its views may still be taken back; writing: its views are the socket's. */
  state: 'queued' | 'writing' | 'done';
  readonly onDone: (error?: TransportError) => void;
}

/**
 * Writes frames in order, without copies: the parts go to the socket as they are, and belong to it until onDone. What the
 * kernel has not taken is bounded by maxUnwrittenBytes (one frame may be longer): further frames wait here, as references only.
 */
export class FrameWriter {
  readonly #socket: Writable;
  readonly #limits: Limits;
  readonly #inFlight = new Set<Sending>();
  /** What stands before #head is taken out. */
  #queue: (Sending | undefined)[] = [];
  #head = 0;
  #unwrittenBytes = 0;
  #corked = false;
  #failed: TransportError | undefined;

  constructor(socket: Writable, limits: Limits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** Frames that wait for their turn. */
  get queuedFrames(): number {
    return this.#queue.length - this.#head;
  }

  /** Bytes that the socket has and the kernel has not. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  /**
   * Sends a frame. onDone is called once: when its views may be written again, or with the reason why it was not sent.
   *
   * @throws {TransportError} `overloaded` when maxQueuedFrames wait already; the connection's error when it has ended
   */
  send(frame: EncodedFrame, onDone: (error?: TransportError) => void): Sending {
    if (this.#failed !== undefined) throw this.#failed;
    const sending: Sending = { frame, state: 'queued', onDone };
    if (this.queuedFrames === 0 && this.#open) {
      this.#write(sending);
    } else {
      if (this.queuedFrames >= this.#limits.maxQueuedFrames) {
        throw new TransportError(
          'overloaded',
          `send: at most ${this.#limits.maxQueuedFrames} waiting frames expected, got one more (await what you send)`,
        );
      }
      this.#queue.push(sending);
    }
    return sending;
  }

  /** Takes a frame back; false when its bytes are the socket's already. onDone is then not called any more. */
  cancel(sending: Sending): boolean {
    if (sending.state !== 'queued') return false;
    sending.state = 'done';
    const at = this.#queue.indexOf(sending, this.#head);
    if (at >= 0) this.#queue.splice(at, 1);
    return true;
  }

  /** Refuses what waits and what is still to come; what is being written goes on. */
  shut(error: TransportError): void {
    this.#failed ??= error;
    const waiting = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    for (const sending of waiting) if (sending) finish(sending, error);
  }

  /** Ends all that is being sent. To be called after the socket was destroyed: the views are free then. */
  fail(error: TransportError): void {
    const begun = [...this.#inFlight];
    this.#inFlight.clear();
    for (const sending of begun) finish(sending, error);
    this.shut(error);
  }

  get #open(): boolean {
    return this.#unwrittenBytes < this.#limits.maxUnwrittenBytes;
  }

  #write(sending: Sending): void {
    const { head, payload, tail, bytes } = sending.frame;
    sending.state = 'writing';
    this.#inFlight.add(sending);
    this.#unwrittenBytes += bytes;
    const written = (error?: Error | null) => {
      this.#unwrittenBytes -= bytes;
      // An error ends the connection by the socket's own event, which names the cause: fail() then tells the sender.
      if (error) return;
      this.#inFlight.delete(sending);
      finish(sending);
      this.#pump();
    };
    const parts = [head, payload, tail].filter((part) => part.length > 0);
    const last = parts.pop()!;
    this.#corkForNow();
    for (const part of parts) this.#socket.write(part);
    this.#socket.write(last, written);
  }

  /** What is sent in one go reaches the kernel by one call: for small frames the calls are most of the work. */
  #corkForNow(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #pump(): void {
    while (this.queuedFrames > 0 && this.#open && this.#failed === undefined) {
      const next = this.#queue[this.#head]!;
      // Let go at once: each frame holds its payload's memory.
      this.#queue[this.#head++] = undefined;
      if (this.#head > 1024 || this.queuedFrames === 0) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      this.#write(next);
    }
  }
}

function finish(sending: Sending, error?: TransportError): void {
  if (sending.state === 'done') return;
  sending.state = 'done';
  sending.onDone(error);
}
