import { Agent, type Dispatcher } from 'undici';
import { z } from 'zod';
import { LoaderError } from '../errors.js';
import { anyOf, crowdedController } from './abort-signals.js';
import { blockLocations } from './find-blocks.js';
import { HdfsReader } from './hdfs-reader.js';
import { renameRemote } from './hdfs-rename.js';
import { HdfsWriter } from './hdfs-writer.js';
import { normalizedPath, parentPath } from './location.js';
import { type NameNodeAddress, NameNodes, type Parameters, peerOf } from './name-nodes.js';
import { type PlainCall, PlainOperations } from './plain-operations.js';
import { REMOTE_STATUS, statusOf } from './remote-status.js';
import type { RetryPolicy, Try } from './retry.js';
import type {
  BlockLocation,
  CallOptions,
  FileChecksum,
  FileStatus,
  ReadOptions,
  ReadStats,
  Storage,
  WriteData,
  WriteOptions,
} from './storage.js';
import { isRepeatable, requireRange, temporaryName } from './write-data.js';

/** An HDFS, decided. */
export interface HdfsOptions {
  readonly addresses: readonly NameNodeAddress[];
  readonly user: string;
  /** Takes the user's place. */
  readonly delegationToken: string | undefined;
  /** Certificates (PEM) to trust; undefined: Node's. */
  readonly ca: readonly string[] | undefined;
  readonly isLocal: (host: string) => boolean;
  readonly retry: RetryPolicy;
  /** How long a peer may be silent before it is left. */
  readonly idleMs: number;
  readonly readAheadBytes: number;
  readonly concurrency: number;
  /** Whether blocks are read from DataNodes' data transfer ports, where those can be reached. */
  readonly directReads: boolean;
}

const LISTING = z.object({
  partialListing: z.object({ FileStatuses: z.object({ FileStatus: z.array(REMOTE_STATUS) }) }),
  remainingEntries: z.number().optional(),
});
const CHECKSUM = z.object({ algorithm: z.string(), bytes: z.string(), length: z.int().nonnegative() });

const CONNECT_MS = 5_000;
/** What a temporary file is removed within, after a failure: the failure waits for it. */
const CLEAN_UP_MS = 1_000;

/** HDFS over WebHDFS. See `openStorage`. */
export class HdfsStorage implements Storage {
  readonly root: string;
  readonly #o: HdfsOptions;
  readonly #agent: Agent;
  readonly #nameNodes: NameNodes;
  readonly #plain = new Map<NameNodeAddress, PlainOperations>();
  readonly #reader: HdfsReader;
  readonly #writer: HdfsWriter;
  readonly #closed = crowdedController();

  constructor(o: HdfsOptions) {
    this.#o = o;
    this.#agent = newAgent(o);
    const agent: Dispatcher = this.#agent;
    const { retry, idleMs } = o;
    const credentials = credentialsOf(o);
    this.#nameNodes = new NameNodes({ addresses: o.addresses, credentials, retry, idleMs, agent });
    const nameNodes = this.#nameNodes;
    this.#reader = new HdfsReader({ ...o, nameNodes, agent });
    const lengthOf = async (path: string, signal: AbortSignal | undefined): Promise<number> =>
      (await this.stat(path, { signal })).length;
    this.#writer = new HdfsWriter({ nameNodes, retry, idleMs, ca: o.ca, lengthOf });
    const scheme = o.addresses[0]?.protocol === 'https' ? 'swebhdfs' : 'hdfs';
    this.root = `${scheme}://${o.addresses.map(peerOf).join(',')}`;
  }

  get stats(): ReadStats {
    return this.#reader.stats;
  }

  async stat(path: string, options: CallOptions = {}): Promise<FileStatus> {
    const status = await this.#call('GETFILESTATUS', path, options, (plain, call) => plain.stat(path, call));
    return statusOf(path, status);
  }

  async *list(path: string, options: CallOptions = {}): AsyncGenerator<FileStatus> {
    const directory = normalizedPath(path);
    let startAfter = '';
    for (;;) {
      const { partialListing, remainingEntries } = await this.#ask(
        { op: 'LISTSTATUS_BATCH', field: 'DirectoryListing', schema: LISTING },
        path,
        options,
        {
          // Hadoop 3.5 knows the parameter in lower case only, HttpFS as it is documented.
          startAfter: startAfter === '' ? undefined : startAfter,
          startafter: startAfter === '' ? undefined : startAfter,
        },
      );
      const entries = partialListing.FileStatuses.FileStatus;
      const last = entries.at(-1)?.pathSuffix;
      // Else it would never end.
      if (startAfter !== '' && last === startAfter)
        throw new LoaderError(
          'IO',
          `LISTSTATUS_BATCH ${this.root}${path}: expected entries behind ${last}, got it again`,
        );
      for (const entry of entries) {
        // What is listed as itself, without a name, is a file.
        if (entry.pathSuffix === '')
          throw new LoaderError('IO', `${this.root}${path}: expected a directory, got a file`);
        yield statusOf(`${directory === '/' ? '' : directory}/${entry.pathSuffix}`, entry);
      }
      if (!remainingEntries || last === undefined) return;
      startAfter = last;
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { offset = 0, reuse = false } = options;
    const { length: size } = await this.#requireFile(path, options);
    const length = options.length ?? size - offset;
    requireRange({ path: this.root + path, offset, length, size });
    yield* this.#reader.read(path, { offset, length, reuse, signal: this.#signal(options) });
  }

  async readInto(path: string, into: Uint8Array, options: CallOptions & { offset?: number } = {}): Promise<void> {
    const { offset = 0 } = options;
    const { length } = into;
    const { length: size } = await this.#requireFile(path, options);
    requireRange({ path: this.root + path, offset, length, size });
    await this.#reader.readInto(path, into, { offset, length, signal: this.#signal(options) });
  }

  async write(path: string, data: WriteData, options: WriteOptions = {}): Promise<number> {
    const { overwrite = false, blockSize, replication } = options;
    const signal = this.#signal(options);
    if (!overwrite) await this.#requireNone(path, { signal });
    const temporary = temporaryName(normalizedPath(path));
    if (!isRepeatable(data)) await this.#beWritable(temporary, signal);
    try {
      const parameters = { blocksize: blockSize, replication };
      const bytes = await this.#writer.create(temporary, data, { parameters, shownAs: path, signal });
      const length = (await this.#statIfThere(temporary, { signal }))?.length ?? 0;
      if (length !== bytes) {
        throw new LoaderError('TRUNCATED', `${this.root}${path}: wrote ${bytes} bytes, the file has ${length}`);
      }
      await this.#move(temporary, path, { overwrite, signal, shownAs: path });
      return bytes;
    } catch (error) {
      // Best effort, and not for long: the first error is the one to tell.
      if (!this.#closed.signal.aborted) {
        await this.delete(temporary, { signal: AbortSignal.timeout(CLEAN_UP_MS) }).catch(() => {});
      }
      throw error;
    }
  }

  async append(path: string, data: WriteData, options: CallOptions = {}): Promise<void> {
    const signal = this.#signal(options);
    await this.#requireFile(path, { signal });
    if (!isRepeatable(data)) await this.#beWritable(path, signal);
    await this.#writer.append(path, data, { signal });
  }

  /**
   * Data that cannot be gone over again is not begun while nothing can be written: making the directory above it, which is as good as nothing where it is there,
   * waits for the end of safe mode, and for an active NameNode.
   */
  async #beWritable(path: string, signal: AbortSignal): Promise<void> {
    const parent = parentPath(path);
    if (parent !== '/') await this.mkdirs(parent, { signal });
  }

  async rename(from: string, to: string, options: CallOptions = {}): Promise<void> {
    await this.#requireNone(to, options);
    await this.#move(from, to, { overwrite: false, signal: options.signal });
  }

  async #move(
    from: string,
    to: string,
    o: { overwrite: boolean; signal: AbortSignal | undefined; shownAs?: string },
  ): Promise<void> {
    const signal = this.#signal(o);
    const isThere = (path: string) => this.#isThere(path, { signal });
    const moved = await renameRemote(this.#nameNodes, {
      from,
      to,
      shownAs: o.shownAs ?? from,
      overwrite: o.overwrite,
      signal,
      isThere,
    });
    if (moved) return;
    await this.stat(from, { signal });
    if (o.overwrite && (await this.delete(to, { signal }))) {
      await this.#move(from, to, { overwrite: false, signal });
      return;
    }
    await this.#requireNone(to, { signal });
    await this.stat(parentPath(normalizedPath(to)), { signal });
    throw new LoaderError('IO', `RENAME ${this.root}${from}: refused by the gateway, to ${to}`);
  }

  async delete(path: string, options: CallOptions & { recursive?: boolean } = {}): Promise<boolean> {
    const { recursive = false } = options;
    return this.#call('DELETE', path, options, async (plain, call, { ambiguous }) => {
      // Not there any more, after a try whose answer was lost: then it was that try.
      return (await plain.delete(path, recursive, call)) || ambiguous;
    });
  }

  async mkdirs(path: string, options: CallOptions = {}): Promise<void> {
    await this.#call('MKDIRS', path, options, (plain, call) => plain.mkdirs(path, call));
  }

  async checksum(path: string, options: CallOptions = {}): Promise<FileChecksum> {
    const { algorithm, bytes, length } = await this.#ask(
      { op: 'GETFILECHECKSUM', field: 'FileChecksum', schema: CHECKSUM },
      path,
      options,
    );
    // Padded with zeros to a multiple of 4 bytes.
    return { algorithm, digest: bytes.slice(0, length * 2) };
  }

  async blocks(path: string, options: CallOptions = {}): Promise<readonly BlockLocation[]> {
    const all = { offset: 0, length: Number.MAX_SAFE_INTEGER };
    return blockLocations(this.#nameNodes, path, { ...all, signal: this.#signal(options) });
  }

  async close(): Promise<void> {
    this.#closed.abort(new LoaderError('IO', `${this.root}: closed`));
    for (const plain of this.#plain.values()) plain.close();
    this.#reader.close(this.#closed.signal.reason);
    await this.#agent.destroy();
  }

  async #requireFile(path: string, options: CallOptions): Promise<FileStatus> {
    const status = await this.stat(path, options);
    if (status.type === 'file') return status;
    throw new LoaderError('IO', `${this.root}${path}: expected a file, got a directory`);
  }

  async #requireNone(path: string, options: CallOptions): Promise<void> {
    if (await this.#isThere(path, options))
      throw new LoaderError('EXISTS', `${this.root}${path}: expected no such file`);
  }

  async #isThere(path: string, options: CallOptions): Promise<boolean> {
    return (await this.#statIfThere(path, options)) !== null;
  }

  async #statIfThere(path: string, { signal }: CallOptions): Promise<FileStatus | null> {
    try {
      return await this.stat(path, { signal });
    } catch (error) {
      if (error instanceof LoaderError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }

  /** Ends with the caller's signal, and with this storage. */
  #signal({ signal }: CallOptions): AbortSignal {
    return signal ? anyOf([signal, this.#closed.signal]) : this.#closed.signal;
  }

  #ask<T>(
    o: { op: string; field: string; schema: z.ZodType<T> },
    path: string,
    options: CallOptions,
    parameters: Parameters = {},
  ): Promise<T> {
    return this.#nameNodes.ask({ ...o, path, parameters, signal: this.#signal(options) });
  }

  #call<T>(
    op: string,
    path: string,
    options: CallOptions,
    work: (plain: PlainOperations, call: PlainCall, now: Try) => Promise<T>,
  ): Promise<T> {
    const signal = this.#signal(options);
    return this.#nameNodes.call(this.#nameNodes.where(op, path), { signal }, (address, now) =>
      work(this.#plainAt(address), { idleMs: now.idleMs, signal }, now),
    );
  }

  #plainAt(address: NameNodeAddress): PlainOperations {
    let plain = this.#plain.get(address);
    if (!plain) {
      const { user, delegationToken, ca } = this.#o;
      plain = new PlainOperations(address, {
        user: delegationToken === undefined ? user : '',
        query: delegationToken === undefined ? {} : { delegation: delegationToken },
        ca,
      });
      this.#plain.set(address, plain);
    }
    return plain;
  }
}

function credentialsOf({ user, delegationToken }: HdfsOptions): Record<string, string> {
  return delegationToken === undefined ? { 'user.name': user } : { delegation: delegationToken };
}

function newAgent({ ca }: HdfsOptions): Agent {
  return new Agent({
    connect: { timeout: CONNECT_MS, ...(ca ? { ca: [...ca] } : {}) },
    // NameNodes close after 60 s of silence or so; a request on a connection that is just being closed would be lost.
    keepAliveTimeout: 10_000,
    pipelining: 1,
  });
}
