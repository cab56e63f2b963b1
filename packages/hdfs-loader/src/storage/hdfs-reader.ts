import type { Dispatcher } from 'undici';
import { LoaderError } from '../errors.js';
import { anyOf } from './abort-signals.js';
import { BlockReader } from './block-reader.js';
import { blocksToRead } from './find-blocks.js';
import type { NameNodes } from './name-nodes.js';
import { type PlannedRange, planRanges } from './range-plan.js';
import { RangeReader } from './range-reader.js';
import type { RetryPolicy } from './retry.js';
import type { ReadStats } from './storage.js';

export interface HdfsReaderOptions {
  readonly nameNodes: NameNodes;
  readonly agent: Dispatcher;
  readonly retry: RetryPolicy;
  readonly idleMs: number;
  readonly isLocal: (host: string) => boolean;
  readonly readAheadBytes: number;
  readonly concurrency: number;
  readonly directReads: boolean;
}

/** A range that lies in its file. */
interface Range {
  readonly offset: number;
  readonly length: number;
  readonly signal: AbortSignal;
}

/** Below this, asking where the blocks are costs more than it gives: the NameNode prefers a near replica by itself. */
const SMALL_BYTES = 256 << 10;
/** Of one request for data: long enough that starting it does not show, short enough that several run side by side. */
const RANGE_BYTES = 16 << 20;
/** The same over WebHDFS, where each request is two, a new connection, and a new reader within the DataNode. */
const HTTP_RANGE_BYTES = 64 << 20;

/** Reads files: several ranges at a time, as a stream or into given memory. */
export class HdfsReader {
  readonly #o: HdfsReaderOptions;
  readonly #direct: BlockReader;
  readonly #ranges: RangeReader;
  readonly #stats = { localBytes: 0, remoteBytes: 0, retries: 0 };

  constructor(o: HdfsReaderOptions) {
    this.#o = o;
    this.#direct = new BlockReader({ idleMs: o.idleMs });
    this.#ranges = new RangeReader({
      ...o,
      direct: this.#direct,
      onBytes: (bytes, local) => {
        this.#stats[local ? 'localBytes' : 'remoteBytes'] += bytes;
      },
      onRetry: () => {
        this.#stats.retries += 1;
      },
    });
  }

  get stats(): ReadStats {
    return { ...this.#stats };
  }

  /**
   * A range in order, read ahead.
   *
   * @param o.reuse whether a piece's memory may be filled again once the next piece is asked for
   * @throws LoaderError, or the signal's reason
   */
  async *read(path: string, o: Range & { reuse: boolean }): AsyncGenerator<Uint8Array> {
    const { concurrency, readAheadBytes } = this.#o;
    const rangeBytes = Math.max(1, Math.min(RANGE_BYTES, Math.floor(readAheadBytes / concurrency)));
    const ranges = await this.#plan(path, o, rangeBytes);
    // Whoever stops reading lets go of what is on its way.
    const stop = new AbortController();
    const signal = anyOf([stop.signal, o.signal]);
    const spare: Uint8Array[] = [];
    const ahead: Promise<Uint8Array>[] = [];
    let heldBytes = 0;
    let next = 0;
    const begin = async (range: PlannedRange): Promise<Uint8Array> => {
      // Not a Buffer, whose slice() would not copy.
      const memory = spare.pop() ?? new Uint8Array(Buffer.allocUnsafeSlow(o.reuse ? rangeBytes : range.length).buffer);
      const piece = memory.subarray(0, range.length);
      await this.#ranges.read(path, range, piece, signal);
      return piece;
    };
    const fill = (): void => {
      while (next < ranges.length && ahead.length < concurrency) {
        const range = ranges[next]!;
        if (ahead.length > 0 && heldBytes + range.length > readAheadBytes) return;
        heldBytes += range.length;
        next += 1;
        const piece = begin(range);
        // Its failure is thrown in its turn.
        piece.catch(() => {});
        ahead.push(piece);
      }
    };
    try {
      for (fill(); ahead.length > 0; fill()) {
        const piece = await ahead[0]!;
        yield piece;
        ahead.shift();
        heldBytes -= piece.length;
        if (o.reuse) spare.push(new Uint8Array(piece.buffer));
      }
    } finally {
      stop.abort(new LoaderError('IO', `${path}: its reader has stopped`));
    }
  }

  /** Fills `into`. Nobody writes into it any more once this has thrown. @throws LoaderError, or the signal's reason */
  async readInto(path: string, into: Uint8Array, o: Range): Promise<void> {
    const { concurrency, directReads } = this.#o;
    const ranges = await this.#plan(path, o, directReads ? RANGE_BYTES : HTTP_RANGE_BYTES);
    // As many as may run at a time take the next range each, until none is left; the first failure ends all.
    const stop = new AbortController();
    const signal = anyOf([stop.signal, o.signal]);
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < ranges.length) {
        const range = ranges[next++]!;
        const start = range.offset - o.offset;
        await this.#ranges.read(path, range, into.subarray(start, start + range.length), signal);
      }
    };
    const workers = Array.from({ length: Math.min(concurrency, ranges.length) }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(workers);
      throw error;
    }
  }

  async #plan(path: string, o: Range, rangeBytes: number): Promise<PlannedRange[]> {
    const { nameNodes, isLocal, directReads } = this.#o;
    const { offset, length, signal } = o;
    const blocks =
      length <= SMALL_BYTES ? [] : await blocksToRead(nameNodes, path, { offset, length, directReads, signal });
    return planRanges(blocks, { offset, length, rangeBytes, isLocal });
  }

  /** Lets go of connections; what is being read directly is rejected with the reason. */
  close(reason: unknown): void {
    this.#direct.close(reason);
  }
}
