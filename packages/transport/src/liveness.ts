import { checkTimeout } from './deadline.js';

export interface LivenessOptions {
  /** Something is sent at least this often. */
  readonly heartbeatMs: number;
  /** A peer of which nothing came for this long is taken for dead. */
  readonly detectionMs: number;
  /** Sends a heartbeat. */
  beat(): void;
  /** Called once, with how long nothing came. */
  onSilent(silentMs: number): void;
}

/**
 * Watches one connection: beats when nothing else was sent, and notices a silent peer. Any byte counts as life, so a peer in the
 * middle of a long payload is not silent.
 */
export class Liveness {
  readonly #o: LivenessOptions;
  #timer: NodeJS.Timeout | undefined;
  #lastSentMs = performance.now();
  #lastReceivedMs = performance.now();
  #paused = false;

  constructor(options: LivenessOptions) {
    checkTimeout('heartbeatMs', options.heartbeatMs);
    checkTimeout('detectionMs', options.detectionMs);
    this.#o = options;
    const everyMs = Math.max(1, Math.min(options.heartbeatMs / 2, options.detectionMs / 4));
    this.#timer = setInterval(() => this.#tick(), everyMs);
  }

  sent(): void {
    this.#lastSentMs = performance.now();
  }

  received(): void {
    this.#lastReceivedMs = performance.now();
  }

  /** While this side does not read, the peer cannot be heard. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.received();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastSentMs >= this.#o.heartbeatMs / 2) this.#o.beat();
    if (!this.#isSilent()) return;
    // Where this process was busy, the peer's bytes may lie unread in the kernel: decide after the sockets had their turn.
    setImmediate(() => {
      if (this.#timer === undefined || !this.#isSilent()) return;
      this.stop();
      this.#o.onSilent(performance.now() - this.#lastReceivedMs);
    });
  }

  #isSilent(): boolean {
    return !this.#paused && performance.now() - this.#lastReceivedMs >= this.#o.detectionMs;
  }
}
