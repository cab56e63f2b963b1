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
  readonly transfer: number;
  readonly bytes: number;
  expectedBytes: number;
}

/** A running job's part of one channel. */
interface ChannelWork {
  readonly channel: number;
  readonly peer: number;
  readonly memory: JobMemory;
  readonly sent: readonly Gate[];
  readonly applied: readonly Gate[];
  readonly reading: Map<number, Progress>;
  readonly writing: Map<number, Progress>;
}

/** What is told when a job fails; the rest follows from what its channels are at. */
type Why = Pick<JobFailure, 'failure'> & Partial<JobFailure>;

/** Carries programs out on the event loop: over TLS, whose bytes no other thread can have, and where there is no addon. */
export class SocketExecutor implements Executor {
  readonly kind = 'socket';
  readonly #o: SocketExecutorOptions;
  readonly #readers: readonly SocketReader[];
  /** Channels whose connections ended, and why: a job that needs them fails, another may still be right. */
  readonly #endedReceiving = new Map<number, string | undefined>();
  readonly #endedSending = new Map<number, string | undefined>();
  #fail: ((why: Why) => void) | undefined;
  /** The running job's channels. */
  #reading: ReadonlyMap<number, Progress> = new Map();
  #writing: ReadonlyMap<number, Progress> = new Map();
  #aborted = false;

  constructor(o: SocketExecutorOptions) {
    this.#o = o;
    this.#readers = o.receive.map((peer) => new SocketReader(peer));
    const watch = ({ socket }: AuthenticatedSocket, end: (cause?: NodeJS.ErrnoException) => void) => {
      socket
        .on('error', end)
        .on('end', () => end())
        .on('close', () => end());
      if (socket.destroyed) end();
    };
    o.receive.forEach((peer, channel) => {
      watch(peer, (cause) => {
        if (!this.#endedReceiving.has(channel)) this.#endedReceiving.set(channel, cause?.code);
        this.#checkReceiving(channel);
      });
    });
    o.send.forEach((peer, channel) => {
      const end = (cause?: NodeJS.ErrnoException) => {
        if (!this.#endedSending.has(channel)) this.#endedSending.set(channel, cause?.code);
        this.#checkSending(channel);
      };
      watch(peer, end);
      // A socket that only sends must be read to notice its end.
      peer.intake.start({ write: () => end() });
    });
  }

  async run(job: Job): Promise<JobFailure | undefined> {
    const { sends, receives } = job.program;
    const memory = new JobMemory(job);
    const sent = sends.map(() => new Gate());
    const applied = receives.map(() => new Gate());
    const reading = new Map<number, Progress>();
    const writing = new Map<number, Progress>();
    this.#reading = reading;
    this.#writing = writing;
    const failed = new Promise<JobFailure>((resolve) => {
      this.#fail = (why) => resolve(describe(why, reading, writing));
    });
    const end = deadline({
      timeoutMs: job.timeoutMs,
      operation: 'collective',
      onExpire: () => this.#fail?.({ failure: 'timeout' }),
    });
    let right = false;
    try {
      if (this.#aborted) this.#fail!({ failure: 'aborted' });
      const work = this.#o.peers.flatMap((peer, channel) => {
        const own: ChannelWork = { channel, peer, memory, sent, applied, reading, writing };
        return [this.#send(job, own), this.#receive(job, own)];
      });
      const failure = await Promise.race([failed, Promise.all(work).then(() => undefined)]);
      right = failure === undefined;
      return failure;
    } finally {
      end();
      this.#fail = undefined;
      // Also where memory was taken away meanwhile, and that was thrown.
      if (!right) this.close();
    }
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

  /** A peer that is done may close, while what it sent last is still to be read: so only who waits for more has lost it. */
  #checkReceiving(channel: number): void {
    if (!this.#endedReceiving.has(channel) || !this.#readers[channel]!.waits) return;
    const peer = this.#o.peers[channel]!;
    if (!this.#reading.has(peer)) return;
    this.#fail?.({ failure: 'lost', peer, receiving: true, reason: this.#endedReceiving.get(channel) });
  }

  /** In the same way: only who has more to send. */
  #checkSending(channel: number): void {
    const peer = this.#o.peers[channel]!;
    if (!this.#endedSending.has(channel) || !this.#writing.has(peer)) return;
    this.#fail?.({ failure: 'lost', peer, receiving: false, reason: this.#endedSending.get(channel) });
  }

  /** Reads what comes next on a channel. */
  #fill(channel: number, target: Uint8Array): Promise<void> {
    const filled = this.#readers[channel]!.fill(target);
    this.#checkReceiving(channel);
    return filled;
  }

  async #send({ program, head }: Job, o: ChannelWork): Promise<void> {
    const { socket } = this.#o.send[o.channel]!;
    for (const [i, send] of program.sends.entries()) {
      if (send.peer !== o.peer) continue;
      const progress: Progress = { transfer: i, bytes: 0, expectedBytes: 0 };
      o.writing.set(o.peer, progress);
      this.#checkSending(o.channel);
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

  async #receive({ program, head }: Job, o: ChannelWork): Promise<void> {
    const reader = this.#readers[o.channel]!;
    const first = new Uint8Array(head.length);
    const tail = new Uint8Array(CRC_BYTES);
    for (const [i, receive] of program.receives.entries()) {
      if (receive.peer !== o.peer) continue;
      const payload = o.memory.incoming(receive);
      const expected = headOf(head, payload.length);
      let at: 'head' | 'payload' = 'head';
      o.reading.set(o.peer, {
        transfer: i,
        expectedBytes: payload.length,
        get bytes() {
          return at === 'payload' ? reader.filledBytes : 0;
        },
      });
      const fail = (failure: 'head' | 'checksum', came?: Uint8Array) =>
        this.#fail?.({ failure, receiving: true, peer: o.peer, came });
      // The prefix says how long the rest is: of another frame, it may be shorter than what is expected.
      await this.#fill(o.channel, first.subarray(0, PREFIX_BYTES));
      if (Buffer.compare(first.subarray(0, PREFIX_BYTES), expected.subarray(0, PREFIX_BYTES)) !== 0) {
        fail('head', Buffer.concat([first.subarray(0, PREFIX_BYTES), reader.early]));
        return;
      }
      await this.#fill(o.channel, first.subarray(PREFIX_BYTES));
      if (Buffer.compare(first, expected) !== 0) {
        fail('head', first);
        return;
      }
      at = 'payload';
      await this.#fill(o.channel, payload);
      if (this.#o.crc) {
        await this.#fill(o.channel, tail);
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
  why: Why,
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
