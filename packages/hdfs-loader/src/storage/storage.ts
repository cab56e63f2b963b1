/** One interface over every file system that data sets, checkpoints and reports lie in. */

/** What a file system says of one path. */
export interface FileStatus {
  /** Absolute, within its storage. */
  readonly path: string;
  /** The last part of the path; '' for the root. */
  readonly name: string;
  readonly type: 'file' | 'directory';
  /** Bytes of a file; 0 for a directory. */
  readonly length: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
  readonly owner: string;
  readonly group: string;
  /** Octal, as 644. */
  readonly permission: string;
  /** Bytes of a block; 0 where the file system has none. */
  readonly blockSize: number;
  /** Copies of each block; 1 where the file system keeps none. */
  readonly replication: number;
}

/** Where the bytes [offset, offset + length) of a file lie. */
export interface BlockLocation {
  readonly offset: number;
  readonly length: number;
  /** Host names that hold a replica. */
  readonly hosts: readonly string[];
  /** The same as address:port of their data transfer, in the same order; empty where there is none. */
  readonly names: readonly string[];
}

/** A checksum of a whole file, comparable only with one of the same algorithm. */
export interface FileChecksum {
  /** As `SHA-256`, or Hadoop's `MD5-of-262144MD5-of-512CRC32C`, which depends on the block size. */
  readonly algorithm: string;
  /** Hexadecimal. */
  readonly digest: string;
}

/** Ends what waits. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ReadOptions extends CallOptions {
  /** First byte. Default 0. */
  readonly offset?: number;
  /** Bytes. Default: to the end of the file. */
  readonly length?: number;
  /** Whether a piece's memory may be filled again once the next piece is asked for: no more memory than the read-ahead is touched then. Default false. */
  readonly reuse?: boolean;
}

export interface WriteOptions extends CallOptions {
  /** Replaces a file that is there. Default false: EXISTS. */
  readonly overwrite?: boolean;
  /** Bytes of a block, where the file system has blocks. Default: the file system's. */
  readonly blockSize?: number;
  /** Copies of each block. Default: the file system's. */
  readonly replication?: number;
}

/** What is written: whole, or in pieces as they are made. A piece is not read any more once the next one is asked for. */
export type WriteData = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes that were read, by where they came from. */
export interface ReadStats {
  /** From this machine: its own disk, or a DataNode on it. */
  readonly localBytes: number;
  readonly remoteBytes: number;
  /** Reads that went on at another replica, or were asked for once more. */
  readonly retries: number;
}

/**
 * A file system. Paths are absolute and POSIX-like, `/` between their parts; every part of Unicode is legal as it stands.
 * All methods throw LoaderError: NOT_FOUND, EXISTS, PERMISSION, QUOTA, SAFE_MODE, UNAVAILABLE, TIMEOUT, TRUNCATED, IO, and the
 * signal's reason where that aborts.
 */
export interface Storage {
  /** `file:` or `hdfs://nn:9870`: put before a path, it is the path's URL. */
  readonly root: string;
  readonly stats: ReadStats;
  /** @throws LoaderError NOT_FOUND */
  stat(path: string, options?: CallOptions): Promise<FileStatus>;
  /** The entries of a directory, in no promised order, as they come: a directory of any size takes bounded memory. */
  list(path: string, options?: CallOptions): AsyncIterable<FileStatus>;
  /**
   * A range of a file in order. What comes next is read ahead, bounded in bytes. The pieces are the caller's, unless it lets them be reused.
   *
   * @throws LoaderError INVALID_ARGUMENT when the range leaves the file
   */
  read(path: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Fills `into` with the bytes from `offset` (default 0): from several places at a time where that is faster. */
  readInto(path: string, into: Uint8Array, options?: CallOptions & { readonly offset?: number }): Promise<void>;
  /**
   * Reads small files one behind the other, where the storage can do so faster than one by one.
   *
   * @returns the bytes of each; −1 for one that does not fit or that only reading it alone says why not
   */
  readSmall?(paths: readonly string[], into: Uint8Array, options?: CallOptions): Promise<ArrayLike<number>>;
  /**
   * Writes a file and the directories above it: under a temporary name beside it, then renamed, so that a reader finds all or nothing.
   *
   * @returns bytes written
   */
  write(path: string, data: WriteData, options?: WriteOptions): Promise<number>;
  /** Adds to the end of a file that is there. Not atomic. */
  append(path: string, data: WriteData, options?: CallOptions): Promise<void>;
  /** Moves a file or directory, atomically. @throws LoaderError NOT_FOUND; EXISTS when something is at `to` */
  rename(from: string, to: string, options?: CallOptions): Promise<void>;
  /** @returns whether something was there. @throws LoaderError IO for a directory that is not empty, without `recursive` */
  delete(path: string, options?: CallOptions & { readonly recursive?: boolean }): Promise<boolean>;
  /** Makes a directory and those above it. One that is there is no error. */
  mkdirs(path: string, options?: CallOptions): Promise<void>;
  checksum(path: string, options?: CallOptions): Promise<FileChecksum>;
  /** Where the blocks of a file lie, by offset. Of a local file: one block, on this host. */
  blocks(path: string, options?: CallOptions): Promise<readonly BlockLocation[]>;
  /** Lets go of connections. What is pending is rejected. */
  close(): Promise<void>;
}
