import type { AuthenticatedSocket } from '../authentication.js';
import type { ByteConsumer } from '../socket-intake.js';

/** Shorter pieces come through the scratch buffer, together with what follows them. */
const STRAIGHT_BYTES = 4096;

/** Reads a socket into memory that is given before: exactly as many bytes as are asked for, and none while nobody asks. */
export class SocketReader implements ByteConsumer {
  readonly #peer: AuthenticatedSocket;
  /** What came in one read with what was asked for, and is not asked for yet. */
  #early: Uint8Array;
  #target: Uint8Array | undefined;
  #filled = 0;
  #settle: (() => void) | undefined;

  constructor(peer: AuthenticatedSocket) {
    this.#peer = peer;
    this.#early = peer.rest.slice();
  }

  /** What came beyond what was asked for. */
  get early(): Uint8Array {
    return this.#early;
  }

  /** How much of the running fill has come. */
  get filledBytes(): number {
    return this.#filled;
  }

  /** Whether a fill is not complete. */
  get waits(): boolean {
    return this.#target !== undefined;
  }

  /** Resolves when target is full. One at a time; what ends the socket is the owner's to notice. */
  fill(target: Uint8Array): Promise<void> {
    this.#target = target;
    this.#filled = 0;
    return new Promise((resolve) => {
      this.#settle = resolve;
      const early = this.#early;
      this.#early = early.subarray(early.length);
      this.write(early); // settles at once where target is empty
      if (this.#target !== undefined) this.#peer.intake.start(this);
    });
  }

  write(chunk: Uint8Array): void {
    const target = this.#target;
    const n = target === undefined ? 0 : Math.min(chunk.length, target.length - this.#filled);
    if (n > 0) target!.set(chunk.subarray(0, n), this.#filled);
    if (n < chunk.length) this.#early = Buffer.concat([this.#early, chunk.subarray(n)]);
    this.filled(n);
  }

  space(maxBytes: number): Uint8Array | undefined {
    if (this.#target === undefined || this.#target.length - this.#filled < STRAIGHT_BYTES) return undefined;
    return this.#target.subarray(this.#filled, this.#filled + maxBytes);
  }

  filled(n: number): void {
    this.#filled += n;
    if (this.#target === undefined || this.#filled < this.#target.length) return;
    this.#target = undefined;
    this.#peer.intake.stop();
    this.#settle?.();
  }
}
