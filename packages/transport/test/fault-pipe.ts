import type { Socket } from 'node:net';
import type { Fault, FaultDirection } from './fault-direction.js';

/** Above this much in its hands a direction stops reading: with a delay that is what is on the way. */
const MAX_HELD_BYTES = 32 * 1024 ** 2;
/** A throttled direction forwards this often. */
const THROTTLE_TICK_MS = 10;

/** One direction of one connection. One write is on its way at a time, so that a slow receiver slows the sender down. */
export class FaultPipe {
  /** Bytes that the sink's kernel has. */
  forwardedBytes = 0;
  readonly #direction: FaultDirection;
  readonly #source: Socket;
  readonly #sink: Socket;
  #held: { readonly bytes: Buffer; readonly sinceMs: number }[] = [];
  #heldBytes = 0;
  #writing = false;
  #ended = false;
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(direction: FaultDirection, source: Socket, sink: Socket) {
    this.#direction = direction;
    this.#source = source;
    this.#sink = sink;
    source.on('data', (bytes: Buffer) => {
      this.#held.push({ bytes, sinceMs: performance.now() });
      this.#heldBytes += bytes.length;
      this.pump();
    });
    source.on('end', () => {
      this.#ended = true;
      this.pump();
    });
    source.on('error', () => {
      if (direction.mode === 'flow') sink.resetAndDestroy();
    });
    this.pump();
  }

  end(): void {
    if (this.#sink.writable) this.#sink.end();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  pump(): void {
    clearTimeout(this.#timer);
    if (this.#writing || this.#sink.destroyed) return;
    const { mode } = this.#direction;
    if (mode === 'stall' || this.#heldBytes >= MAX_HELD_BYTES) this.#source.pause();
    else this.#source.resume();
    if (mode === 'stall') return;
    if (mode === 'swallow' || !this.#sink.writable) {
      this.#held = [];
      this.#heldBytes = 0;
      return;
    }
    const faultAt = this.#direction.nextFault(this.forwardedBytes);
    if (faultAt === this.forwardedBytes) {
      this.#fire(this.#direction.takeFault(faultAt)!);
      this.pump();
      return;
    }
    const head = this.#held[0];
    if (head === undefined) {
      if (this.#ended) this.#sink.end();
      return;
    }
    const waitMs = Math.max(head.sinceMs + this.#direction.delayMs, this.#freeAtMs) - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.pump(), Math.ceil(waitMs));
    else this.#forward(head, faultAt - this.forwardedBytes);
  }

  #forward(head: { readonly bytes: Buffer; readonly sinceMs: number }, maxBytes: number): void {
    const { bytesPerSecond } = this.#direction;
    const n = Math.min(head.bytes.length, maxBytes, Math.ceil((bytesPerSecond * THROTTLE_TICK_MS) / 1000));
    const piece = head.bytes.subarray(0, n);
    if (n === head.bytes.length) this.#held.shift();
    else this.#held[0] = { ...head, bytes: head.bytes.subarray(n) };
    this.#heldBytes -= n;
    this.#freeAtMs = performance.now() + (n * 1000) / bytesPerSecond;
    this.#writing = true;
    this.#sink.write(this.#direction.changed(piece, this.forwardedBytes), () => {
      this.#writing = false;
      this.forwardedBytes += n;
      this.#direction.delivered(this.forwardedBytes);
      this.pump();
    });
  }

  #fire(fault: Fault): void {
    if (typeof fault === 'function') fault();
    else if (fault === 'reset') {
      this.#source.resetAndDestroy();
      this.#sink.resetAndDestroy();
    } else this.#direction[fault]();
  }
}
