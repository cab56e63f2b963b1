import { crc32c } from '@weft/native';
import type { AuthenticatedSocket } from '../authentication.js';
import { deadline } from '../deadline.js';
import { CRC_BYTES } from '../frame-encoder.js';
import { PREFIX_BYTES } from '../prefix.js';
import type { Executor, Job, JobFailure } from './executor.js';
import { headOf } from './frame-head.js';
import { JobMemory } from './job-memory.js';
import { SocketReader } from './socket-reader.js';

export interface SocketExecutorOptions {
  /** The ranks, in the order of the sockets. */
  readonly peers: readonly number[];
  readonly receive: readonly AuthenticatedSocket[];
  readonly send: readonly AuthenticatedSocket[];
  /** Whether frames carry a checksum. */
  readonly crc: boolean;
}

/** A promise and its resolve. */
class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/** What a channel is at. */
interface Progress {
  transfer: number;
  bytes: number;
  expectedBytes: number;
}

/** Carries programs out on the event loop: over TLS, whose bytes no other thread can have, and where there is no addon. */
export class SocketExecutor implements Executor {
  readonly kind = 'socket';
  readonly #o: SocketExecutorOptions;
  readonly #readers: readonly SocketReader[];
  #fail: ((failure: Pick<JobFailure, 'failure'> & Partial<JobFailure>) => void) | undefined;
  /** Why a socket ended, where one did: told to the job that needs it. */
  #lost: { readonly peer: number; readonly receiving: boolean; readonly reason: string | undefined } | undefined;
  #aborted = false;

  constructor(o: SocketExecutorOptions) {
    this.#o = o;
    this.#readers = o.receive.map((peer) => new SocketReader(peer));
    for (const [sockets, receiving] of [
      [o.receive, true],
      [o.send, false],
    ] as const) {
      sockets.forEach(({ socket }, i) => {
        const peer = o.peers[i]!;
        const end = (cause?: NodeJS.ErrnoException) => {
          this.#lost ??= { peer, receiving, reason: cause?.code };
          this.#fail?.({ failure: 'lost', ...this.#lost });
        };
        socket
          .on('error', end)
          .on('end', () => end())
          .on('close', () => end());
        // A socket that only sends must be read to notice its end.
        if (!receiving) o.send[i]!.intake.start({ write: () => end() });
      });
    }
  }

  async run(job: Job): Promise<JobFailure | undefined> {
    const { sends, receives } = job.program;
    const memory = new JobMemory(job);
    const sent = sends.map(() => new Gate());
    const applied = receives.map(() => new Gate());
    const reading = new Map<number, Progress>();
    const writing = new Map<number, Progress>();
    const failed = new Promise<JobFailure>((resolve) => {
      this.#fail = (why) => resolve(describe(why, reading, writing));
    });
    const end = deadline({
      timeoutMs: job.timeoutMs,
      operation: 'collective',
      onExpire: () => this.#fail?.({ failure: 'timeout' }),
    });
    if (this.#aborted) this.#fail!({ failure: 'aborted' });
    if (this.#lost !== undefined) this.#fail!({ failure: 'lost', ...this.#lost });
    const work = this.#o.peers.flatMap((peer, channel) => [
      this.#send(job, { channel, peer, memory, sent, applied, writing }),
      this.#receive(job, { channel, peer, memory, sent, applied, reading }),
    ]);
    const failure = await Promise.race([failed, Promise.all(work).then(() => undefined)]);
    end();
    this.#fail = undefined;
    if (failure !== undefined) this.close();
    return failure;
  }

  abort(): void {
    this.#aborted = true;
    this.#fail?.({ failure: 'aborted' });
  }

  close(): void {
    for (const { socket, intake } of [...this.#o.receive, ...this.#o.send]) {
      intake.stop();
      socket.destroy();
    }
  }

  async #send(
    { program, head }: Job,
    o: {
      channel: number;
      peer: number;
      memory: JobMemory;
      sent: Gate[];
      applied: Gate[];
      writing: Map<number, Progress>;
    },
  ): Promise<void> {
    const { socket } = this.#o.send[o.channel]!;
    for (const [i, send] of program.sends.entries()) {
      if (send.peer !== o.peer) continue;
      const progress = { transfer: i, bytes: 0, expectedBytes: 0 };
      o.writing.set(o.peer, progress);
      if (send.after >= 0) await o.applied[send.after]!.opened;
      const payload = o.memory.outgoing(send);
      progress.expectedBytes = payload.length;
      const first = headOf(head, payload.length);
      const parts = [first, payload, ...(this.#o.crc ? [checksumOf(first, payload)] : [])];
      await new Promise<void>((resolve) => {
        const last = parts.pop()!;
        socket.cork();
        for (const part of parts) socket.write(part);
        // An error ends the job by the socket's own event.
        socket.write(last, (error) => {
          if (!error) resolve();
        });
        socket.uncork();
      });
      o.sent[i]!.open();
    }
    o.writing.delete(o.peer);
  }

  async #receive(
    { program, head }: Job,
    o: {
      channel: number;
      peer: number;
      memory: JobMemory;
      sent: Gate[];
      applied: Gate[];
      reading: Map<number, Progress>;
    },
  ): Promise<void> {
    const reader = this.#readers[o.channel]!;
    const first = new Uint8Array(head.length);
    const tail = new Uint8Array(CRC_BYTES);
    for (const [i, receive] of program.receives.entries()) {
      if (receive.peer !== o.peer) continue;
      const payload = o.memory.incoming(receive);
      const expected = headOf(head, payload.length);
      const progress = { transfer: i, expectedBytes: payload.length, bytes: 0 };
      o.reading.set(
        o.peer,
        Object.defineProperty(progress, 'bytes', { get: () => (at === 'payload' ? reader.filledBytes : 0) }),
      );
      let at: 'head' | 'payload' = 'head';
      const fail = (failure: 'head' | 'checksum', came?: Uint8Array) =>
        this.#fail?.({ failure, receiving: true, peer: o.peer, came });
      // The prefix says how long the rest is: of another frame, it may be shorter than what is expected.
      await reader.fill(first.subarray(0, PREFIX_BYTES));
      if (Buffer.compare(first.subarray(0, PREFIX_BYTES), expected.subarray(0, PREFIX_BYTES)) !== 0) {
        fail('head', Buffer.concat([first.subarray(0, PREFIX_BYTES), reader.early]));
        return;
      }
      await reader.fill(first.subarray(PREFIX_BYTES));
      if (Buffer.compare(first, expected) !== 0) {
        fail('head', first);
        return;
      }
      at = 'payload';
      await reader.fill(payload);
      if (this.#o.crc) {
        await reader.fill(tail);
        if (Buffer.compare(tail, checksumOf(first, payload)) !== 0) {
          fail('checksum');
          return;
        }
      }
      if (receive.after >= 0) await o.sent[receive.after]!.opened;
      o.memory.apply(receive, payload);
      o.applied[i]!.open();
    }
    o.reading.delete(o.peer);
  }
}

function checksumOf(head: Uint8Array, payload: Uint8Array): Uint8Array {
  const tail = new Uint8Array(CRC_BYTES);
  new DataView(tail.buffer).setUint32(0, crc32c(payload, crc32c(head.subarray(PREFIX_BYTES))), true);
  return tail;
}

/** Where a failure names no channel: the first that is waited for. */
function describe(
  why: Pick<JobFailure, 'failure'> & Partial<JobFailure>,
  reading: ReadonlyMap<number, Progress>,
  writing: ReadonlyMap<number, Progress>,
): JobFailure {
  const receiving = why.receiving ?? reading.size > 0;
  const waits = receiving ? reading : writing;
  const peer = why.peer ?? waits.keys().next().value;
  const at = peer === undefined ? undefined : waits.get(peer);
  return {
    failure: why.failure,
    receiving,
    peer,
    transfer: at?.transfer ?? -1,
    bytes: at?.bytes ?? 0,
    expectedBytes: at?.expectedBytes ?? 0,
    reason: why.reason,
    came: why.came,
  };
}
