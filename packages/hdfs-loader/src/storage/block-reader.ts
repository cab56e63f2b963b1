import { BlockConnection } from './block-connection.js';
import type { BlockId } from './data-transfer.js';
import type { Replica } from './range-plan.js';

export interface BlockReaderOptions {
  /** Between two arrivals of bytes, and until a connection stands. */
  readonly idleMs: number;
}

/** DataNodes keep a connection for 4 s (dfs.datanode.socket.reuse.keepalive); one that is nearly as old may be closed just now. */
const REUSE_MS = 2_000;
/** How long a DataNode that could not be read from directly is left alone: a firewall, or one that wants SASL. */
const AVOID_MS = 60_000;

interface Idle {
  readonly connection: BlockConnection;
  readonly since: number;
}

/**
 * Reads blocks straight from DataNodes, as Hadoop's own client does, over a few connections that are kept. What cannot be read so is no error here: the caller
 * reads it over WebHDFS.
 */
export class BlockReader {
  readonly #o: BlockReaderOptions;
  readonly #idle = new Map<string, Idle[]>();
  readonly #avoided = new Map<string, number>();
  readonly #open = new Set<BlockConnection>();

  constructor(o: BlockReaderOptions) {
    this.#o = o;
  }

  /**
   * Reads a range of a block from its replicas, the first first, each going on where the one before stopped.
   *
   * @param o.offset within the block
   * @param o.onBytes told of bytes that are in their place, by the replica that sent them
   * @returns bytes that came: fewer than were asked for where no replica could be read from directly
   * @throws the signal's reason
   */
  async read(
    block: BlockId,
    o: {
      offset: number;
      into: Uint8Array;
      replicas: readonly Replica[];
      signal: AbortSignal | undefined;
      onBytes: (bytes: number, replica: Replica) => void;
      onRetry: () => void;
    },
  ): Promise<number> {
    const { offset, into, replicas, signal, onBytes, onRetry } = o;
    let done = 0;
    let failures = 0;
    for (const replica of replicas) {
      signal?.throwIfAborted();
      const { name } = replica;
      if ((this.#avoided.get(name) ?? 0) > performance.now()) continue;
      if (failures > 0) onRetry();
      const before = done;
      // A kept connection may have been closed meanwhile, which says nothing about the DataNode: then a new one follows.
      for (let fresh = false; !fresh; ) {
        const kept = this.#takeKept(name);
        fresh = kept === undefined;
        const connection = kept ?? this.#connect(name);
        const onAbort = (): void => connection.destroy(signal?.reason);
        signal?.addEventListener('abort', onAbort, { once: true });
        try {
          await connection.read({
            block,
            offset: offset + done,
            into: into.subarray(done),
            onBytes: (bytes) => {
              done += bytes;
              onBytes(bytes, replica);
            },
          });
          this.#keep(name, connection);
          return done;
        } catch {
          signal?.throwIfAborted();
          this.#open.delete(connection);
        } finally {
          signal?.removeEventListener('abort', onAbort);
        }
      }
      failures += 1;
      if (done === before) this.#avoided.set(name, performance.now() + AVOID_MS);
    }
    return done;
  }

  #takeKept(name: string): BlockConnection | undefined {
    const idle = this.#idle.get(name) ?? [];
    for (let last = idle.pop(); last; last = idle.pop()) {
      if (last.connection.isUsable && performance.now() - last.since < REUSE_MS) return last.connection;
      last.connection.destroy(undefined);
      this.#open.delete(last.connection);
    }
    return undefined;
  }

  #connect(name: string): BlockConnection {
    const connection = BlockConnection.to(name, this.#o);
    this.#open.add(connection);
    return connection;
  }

  #keep(name: string, connection: BlockConnection): void {
    const idle = this.#idle.get(name);
    if (idle) idle.push({ connection, since: performance.now() });
    else this.#idle.set(name, [{ connection, since: performance.now() }]);
  }

  /** Ends every connection; what is being read is rejected with the reason. */
  close(reason: unknown): void {
    for (const connection of this.#open) connection.destroy(reason);
    this.#open.clear();
    this.#idle.clear();
  }
}
