import type { Socket } from 'node:net';
import { FaultPipe } from './fault-pipe.js';

/**
 * What a trigger does. `stall`: forwards nothing and reads nothing, keeps all open. `swallow`: takes everything, delivers nothing, no end
 * either. `end`: sends FIN this way, and swallows what follows. `reset`: RST on both sides (of which libuv makes an end where bytes
 * before it were not read yet).
 */
export type Fault = 'stall' | 'swallow' | 'end' | 'reset' | (() => void);
type Mode = 'flow' | 'stall' | 'swallow';

interface Waiter {
  readonly bytes: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * One direction of a proxy: what goes wrong in it, on all connections that are open and still to come. Offsets count a connection's
 * bytes in this direction from 0. What is set at an offset happens once, on the first connection that gets there.
 */
export class FaultDirection {
  delayMs = 0;
  bytesPerSecond = Number.POSITIVE_INFINITY;
  mode: Mode = 'flow';
  readonly #pipes = new Set<FaultPipe>();
  readonly #faults = new Map<number, Fault>();
  readonly #bytes = new Map<number, number | 'drop'>();
  readonly #waiters = new Set<Waiter>();
  #forwardedBytes = 0;

  /** Everything arrives this much later; as much a second as before. */
  delay(ms: number): void {
    this.delayMs = ms;
    this.#pump();
  }

  /** At most so many bytes a second for each connection; Infinity: no limit. */
  throttle(bytesPerSecond: number): void {
    this.bytesPerSecond = bytesPerSecond;
    this.#pump();
  }

  /** Forwards and reads nothing until `flow()`: the sender's writes pile up. */
  stall(): void {
    this.#enter('stall');
  }

  /** Takes everything and delivers nothing: not even an end or a reset. */
  swallow(): void {
    this.#enter('swallow');
  }

  /** Forwards again. What was swallowed is lost. */
  flow(): void {
    this.#enter('flow');
  }

  /** Sends FIN to who receives in this direction, and swallows what follows; the other direction goes on. */
  end(): void {
    for (const pipe of this.#pipes) pipe.end();
    this.#enter('swallow');
  }

  /** Does something exactly after a connection's first `bytes` in this direction were forwarded. */
  after(bytes: number, fault: Fault): void {
    this.#faults.set(bytes, fault);
    this.#pump();
  }

  /** Changes the byte at an offset: by default turns over its lowest bit. */
  corrupt(offset: number, xor = 1): void {
    this.#bytes.set(offset, xor);
  }

  /** Leaves out the byte at an offset. */
  drop(offset: number): void {
    this.#bytes.set(offset, 'drop');
  }

  /** Resolves when a connection has forwarded that many bytes; rejects when the proxy is closed before. */
  forwarded(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#forwardedBytes >= bytes) resolve();
      else this.#waiters.add({ bytes, resolve, reject });
    });
  }

  /** For the proxy: a connection's half. */
  pipe(source: Socket, sink: Socket): void {
    const pipe = new FaultPipe(this, source, sink);
    this.#pipes.add(pipe);
    source.once('close', () => sink.destroyed && this.#pipes.delete(pipe));
    sink.once('close', () => source.destroyed && this.#pipes.delete(pipe));
  }

  /** For the proxy: it is over. */
  stop(): void {
    for (const { bytes, reject } of this.#waiters) reject(new Error(`the proxy was closed before ${bytes} bytes`));
    this.#waiters.clear();
    for (const pipe of this.#pipes) pipe.stop();
  }

  /** For a pipe: how many bytes it has delivered. */
  delivered(bytes: number): void {
    this.#forwardedBytes = Math.max(this.#forwardedBytes, bytes);
    for (const waiter of this.#waiters) {
      if (waiter.bytes > bytes) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** For a pipe: the next offset at or after this one at which a fault waits. */
  nextFault(from: number): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#faults.keys()].filter((at) => at >= from));
  }

  /** For a pipe: takes the fault at an offset. */
  takeFault(at: number): Fault | undefined {
    const fault = this.#faults.get(at);
    this.#faults.delete(at);
    return fault;
  }

  /** For a pipe: a piece from `start` on with the bytes changed that are to be. */
  changed(piece: Buffer, start: number): Buffer {
    let result = piece;
    let dropped = 0;
    for (const at of [...this.#bytes.keys()].sort((a, b) => a - b)) {
      if (at < start || at >= start + piece.length) continue;
      const how = this.#bytes.get(at)!;
      this.#bytes.delete(at);
      const i = at - start - dropped;
      result = Buffer.from(result);
      if (how === 'drop') {
        result = Buffer.concat([result.subarray(0, i), result.subarray(i + 1)]);
        dropped += 1;
      } else result[i]! ^= how;
    }
    return result;
  }

  #enter(mode: Mode): void {
    this.mode = mode;
    this.#pump();
  }

  #pump(): void {
    for (const pipe of this.#pipes) pipe.pump();
  }
}
