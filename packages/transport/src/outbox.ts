import type { WaitOptions } from './connection.js';
import { deadline } from './deadline.js';
import type { TransportError } from './errors.js';
import { type EncodedFrame, encodeFrame } from './frame-encoder.js';
import type { FrameWriter, Sending } from './frame-writer.js';
import { DEFAULT_TIMES } from './limits.js';
import { FrameKind } from './prefix.js';
import { waitError } from './wait-error.js';

export interface OutboxOptions {
  readonly writer: FrameWriter;
  /** The peer, for messages. */
  readonly peer: string;
  /** This side, for messages. */
  readonly self?: string | undefined;
  /** Called for each frame that is sent. */
  onSend(): void;
  /** Ends the connection, since a frame was given up in the middle of its bytes. */
  endHalfway(operation: string, error: TransportError): void;
}

/** Sends frames on a connection, each wait bounded. */
export class Outbox {
  readonly #o: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.#o = options;
  }

  /**
   * Sends a frame that somebody else waits for.
   *
   * @throws {TransportError} `overloaded`, or why the connection ended
   */
  send(frame: EncodedFrame, onDone: (error?: TransportError) => void): Sending {
    const { onSend, peer, self, writer } = this.#o;
    onSend();
    try {
      return writer.send(frame, onDone);
    } catch (error) {
      const { code, reason } = error as TransportError;
      throw code === 'overloaded' ? waitError(code, { operation: 'send', self, peer }, { reason }) : error;
    }
  }

  /** Says that this side lives; not where something waits to be written, which says so when it can be. */
  beat(): void {
    const { writer } = this.#o;
    if (!writer.idle) return;
    this.send(encodeFrame({ kind: FrameKind.heartbeat, crc: false }), () => {});
  }

  /**
   * Sends a frame, and waits until its views are free again. Given up in the middle of its bytes it ends the connection first.
   *
   * @throws {TransportError} `timeout`, `aborted`, `overloaded`, or why the connection ended
   */
  deliver(frame: EncodedFrame, operation: string, o: WaitOptions = {}): Promise<void> {
    const { peer, self, writer, endHalfway } = this.#o;
    return new Promise((resolve, reject) => {
      let sending: Sending | undefined;
      const done = deadline({
        timeoutMs: o.timeoutMs ?? DEFAULT_TIMES.requestMs,
        signal: o.signal,
        operation,
        self,
        peer,
        onExpire: (error) => {
          reject(error);
          if (sending !== undefined && !writer.cancel(sending)) endHalfway(operation, error);
        },
      });
      try {
        sending = this.send(frame, (error) => {
          done();
          if (error === undefined) resolve();
          else reject(waitError(error.code, { operation, self, peer }, { reason: error.reason, cause: error }));
        });
      } catch (error) {
        done();
        reject(error);
      }
    });
  }
}
