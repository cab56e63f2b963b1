import type { Dispatcher } from 'undici';
import type { BlockReader } from './block-reader.js';
import { blocksToRead } from './find-blocks.js';
import type { NameNodes } from './name-nodes.js';
import { locationOf } from './name-nodes.js';
import { type PlannedRange, planRanges, type Replica } from './range-plan.js';
import { connectionFailure, failureOf, RemoteFailure } from './remote-failure.js';
import { type RetryPolicy, retrying } from './retry.js';

export interface RangeReaderOptions {
  readonly nameNodes: NameNodes;
  readonly agent: Dispatcher;
  readonly direct: BlockReader;
  /** Between two arrivals of bytes. */
  readonly idleMs: number;
  readonly retry: RetryPolicy;
  readonly isLocal: (host: string) => boolean;
  /** Told of bytes that have come, and of tries beyond the first. */
  readonly onBytes: (bytes: number, local: boolean) => void;
  readonly onRetry: () => void;
}

/** An error body of Hadoop is short. */
const MAX_ERROR_BYTES = 64 << 10;

/**
 * Reads ranges from DataNodes, each into its place. Where a DataNode dies, stalls or sends less than it said, another replica goes on from the byte that was last
 * written: nothing is read twice.
 */
export class RangeReader {
  readonly #o: RangeReaderOptions;

  constructor(o: RangeReaderOptions) {
    this.#o = o;
  }

  /**
   * @param into range.length bytes
   * @throws LoaderError, or the signal's reason
   */
  async read(path: string, range: PlannedRange, into: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const { nameNodes, retry, onRetry } = this.#o;
    let replicas = new Replicas(range.replicas);
    let known = range.replicas.length > 0;
    let tries = 0;
    let done = range.block ? await this.#readDirectly(range, range.block, into, signal) : 0;
    while (done < into.length) {
      const offset = range.offset + done;
      const where = `${nameNodes.where('OPEN', path)}, byte ${offset}`;
      const moved = (): boolean => replicas.best !== undefined;
      // Every byte that comes begins the deadline anew.
      await retrying({ where, policy: retry, signal, moved }, async ({ leftMs }) => {
        if (tries++ > 0) {
          onRetry();
          // Of a small range nobody has asked: the NameNode would go on sending us to the same DataNode.
          if (!known) replicas = new Replicas(await this.#replicasOf(path, offset, signal));
          known = true;
        }
        const replica = replicas.best;
        const rest = into.subarray(done);
        const onProgress = (bytes: number, host: string): void => {
          done += bytes;
          this.#o.onBytes(bytes, this.#o.isLocal(host));
        };
        const before = done;
        try {
          const location = await this.#locate(path, {
            offset,
            rest,
            excluded: replicas.excluded,
            where,
            withinMs: leftMs,
            signal,
            onProgress,
          });
          const idleMs = Math.min(this.#o.idleMs, leftMs);
          if (location === undefined) return;
          const again = await this.#fill(location, rest, { signal, idleMs, onProgress });
          if (again !== undefined)
            throw connectionFailure(new URL(location).host, `expected bytes, got a redirect to ${new URL(again).host}`);
        } catch (error) {
          if (!(error instanceof RemoteFailure) || signal?.aborted) throw error;
          replicas.failed(replica);
          // Some came: then the rest is another request's.
          if (done === before || error.remedy === 'none') throw error;
        }
      });
    }
  }

  async #replicasOf(path: string, offset: number, signal: AbortSignal | undefined): Promise<readonly Replica[]> {
    const { nameNodes, isLocal } = this.#o;
    const blocks = await blocksToRead(nameNodes, path, { offset, length: 1, directReads: false, signal });
    return planRanges(blocks, { offset, length: 1, rangeBytes: 1, isLocal })[0]?.replicas ?? [];
  }

  /** @returns bytes that came; the rest is WebHDFS's */
  #readDirectly(
    range: PlannedRange,
    block: NonNullable<PlannedRange['block']>,
    into: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { direct, onBytes, onRetry } = this.#o;
    return direct.read(block.id, {
      offset: range.offset - block.offset,
      into,
      replicas: range.replicas,
      signal,
      onBytes: (bytes, { local }) => onBytes(bytes, local),
      onRetry,
    });
  }

  /**
   * Asks a NameNode for a DataNode; a gateway (HttpFS) sends the bytes itself.
   *
   * @throws RemoteFailure when no DataNode is left that may be asked
   */
  async #locate(
    path: string,
    o: {
      offset: number;
      rest: Uint8Array;
      excluded: string | undefined;
      where: string;
      withinMs: number;
      signal: AbortSignal | undefined;
      onProgress: (bytes: number, host: string) => void;
    },
  ): Promise<string | undefined> {
    const { offset, rest, excluded, where, withinMs, signal } = o;
    const parameters = { offset, length: rest.length, excludedatanodes: excluded };
    const found = await this.#o.nameNodes.call(where, { signal, withinMs }, async (address, { idleMs }) => {
      let bytes = 0;
      const onProgress = (more: number, host: string): void => {
        bytes += more;
        o.onProgress(more, host);
      };
      try {
        return await this.#fill(this.#o.nameNodes.url(address, { op: 'OPEN', path, parameters }), rest, {
          signal,
          idleMs,
          onProgress,
        });
      } catch (error) {
        // Neither another NameNode nor time helps: the bytes that came must not come again, and a DataNode is chosen by us.
        if (error instanceof RemoteFailure && (bytes > 0 || isWithoutDataNode(error))) return error;
        throw error;
      }
    });
    if (found instanceof RemoteFailure) throw found.withRemedy('move');
    return found;
  }

  /** @returns where a redirect leads; nothing when `into` was filled. @throws RemoteFailure, or the signal's reason */
  #fill(
    url: string,
    into: Uint8Array,
    o: { signal: AbortSignal | undefined; idleMs: number; onProgress: (bytes: number, host: string) => void },
  ): Promise<string | undefined> {
    const { signal, idleMs } = o;
    const { origin, host, hostname, pathname, search } = new URL(url);
    return new Promise((resolve, reject) => {
      const intake = new Intake(host, into, (bytes) => o.onProgress(bytes, hostname.replace(/^\[|\]$/g, '')));
      let abort: ((reason: Error) => void) | undefined;
      const onAbort = (): void => {
        abort?.(signal?.reason as Error);
        // A connection that does not come is not waited for.
        reject(signal?.reason as Error);
      };
      const fail = (cause: unknown): void => {
        signal?.removeEventListener('abort', onAbort);
        if (signal?.aborted) reject(signal.reason as Error);
        else reject(cause instanceof RemoteFailure ? cause : connectionFailure(host, cause));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#o.agent.dispatch(
        { origin, path: pathname + search, method: 'GET', headersTimeout: idleMs, bodyTimeout: idleMs },
        {
          onRequestStart(controller) {
            abort = (reason) => controller.abort(reason);
            if (signal?.aborted) onAbort();
          },
          onResponseStart(controller, status, headers) {
            const failure = intake.start(status, headers);
            if (failure) controller.abort(failure);
          },
          onResponseData(controller, chunk) {
            const failure = intake.take(chunk);
            if (failure) controller.abort(failure);
          },
          onResponseEnd() {
            try {
              const location = intake.finish();
              signal?.removeEventListener('abort', onAbort);
              resolve(location);
            } catch (error) {
              fail(error);
            }
          },
          onResponseError: (_controller, cause) => fail(cause),
        },
      );
    });
  }
}

/** One answer: either the bytes, or a redirect, or an error's text. */
class Intake {
  #bytes = 0;
  readonly #peer: string;
  readonly #into: Uint8Array;
  readonly #onBytes: (bytes: number) => void;
  #status = 0;
  #location: string | undefined;
  readonly #error: Buffer[] = [];
  #errorBytes = 0;

  constructor(peer: string, into: Uint8Array, onBytes: (bytes: number) => void) {
    this.#peer = peer;
    this.#into = into;
    this.#onBytes = onBytes;
  }

  start(status: number, headers: Record<string, string | string[] | undefined>): RemoteFailure | undefined {
    this.#status = status;
    if (status === 307) {
      try {
        this.#location = locationOf(headers);
      } catch (error) {
        return error as RemoteFailure;
      }
    }
    const length = headers['content-length'];
    // Some servers say no length: then what comes is counted, at the end.
    if (status === 200 && length !== undefined && Number(length) !== this.#into.length)
      return this.#wrongLength(Number(length));
    return undefined;
  }

  take(chunk: Uint8Array): RemoteFailure | undefined {
    if (this.#status === 307) return undefined;
    if (this.#status !== 200) {
      this.#errorBytes += chunk.length;
      if (this.#errorBytes <= MAX_ERROR_BYTES) this.#error.push(Buffer.from(chunk));
      return undefined;
    }
    if (this.#bytes + chunk.length > this.#into.length) return this.#wrongLength(this.#bytes + chunk.length);
    this.#into.set(chunk, this.#bytes);
    this.#bytes += chunk.length;
    this.#onBytes(chunk.length);
    return undefined;
  }

  /** @throws RemoteFailure when fewer bytes came than were asked for */
  finish(): string | undefined {
    if (this.#location !== undefined) return this.#location;
    if (this.#status !== 200) throw failureOf(this.#status, Buffer.concat(this.#error).toString('utf8'), this.#peer);
    if (this.#bytes < this.#into.length) {
      const cause = new Error(`expected ${this.#into.length} bytes, the answer ended after ${this.#bytes}`);
      throw connectionFailure(this.#peer, cause);
    }
    return undefined;
  }

  /** A file that is shorter than it was, or a server that does not know ranges. */
  #wrongLength(got: number): RemoteFailure {
    const message = `${this.#peer}: expected ${this.#into.length} bytes, got ${got}`;
    return new RemoteFailure({ status: this.#status, exception: '', message, remedy: 'none' });
  }
}

function isWithoutDataNode({ status, remedy, exception }: RemoteFailure): boolean {
  return status === 403 && remedy === 'wait' && exception === 'IOException';
}

/** Who is asked next: the best that has not failed. When all have, the NameNode chooses once, for there may be new replicas; then each gets another chance. */
class Replicas {
  readonly #all: readonly Replica[];
  readonly #failed = new Set<Replica>();

  constructor(all: readonly Replica[]) {
    this.#all = all;
  }

  get best(): Replica | undefined {
    return this.#all.find((replica) => !this.#failed.has(replica));
  }

  /** All but the best, as `excludedatanodes` wants them; undefined where there is no choice. */
  get excluded(): string | undefined {
    const { best } = this;
    const others = this.#all.filter((replica) => replica !== best);
    return best && others.length > 0 ? others.map(({ name }) => name).join(',') : undefined;
  }

  failed(replica: Replica | undefined): void {
    if (replica) this.#failed.add(replica);
    else this.#failed.clear();
  }
}
