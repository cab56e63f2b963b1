/** Why a source, data set or argument was refused. */
export type LoaderErrorCode =
  /** Thrown when a file or folder that is needed is not there. */
  | 'NOT_FOUND'
  /** Thrown when a source's file does not hold what its format promises; the message names the file and the byte or row. */
  | 'INVALID_SOURCE'
  /** Thrown when a file ends too early. */
  | 'TRUNCATED'
  /** Thrown when a manifest is missing, is not JSON, or does not fit its schema. */
  | 'INVALID_MANIFEST'
  /** Thrown when a shard's size, checksum or contents are not what the manifest says. */
  | 'INVALID_SHARD'
  /** Thrown when a data set would be written over something that is already there. */
  | 'DATASET_EXISTS'
  /** Thrown when other processes keep replacing the cached data set; trying again may help. */
  | 'CACHE_CONTENDED'
  /** Thrown when another process is ingesting into the same place; once it is done, trying again may help. */
  | 'LOCKED'
  /** Thrown when another source, or other options, were begun to be ingested into the same place. */
  | 'OTHER_INGEST'
  /** Thrown when an argument is out of its range. */
  | 'INVALID_ARGUMENT'
  /** Thrown when something is already at the path that would be written. */
  | 'EXISTS'
  /** Thrown when the user may not; of HDFS, AccessControlException. */
  | 'PERMISSION'
  /** Thrown when a directory's quota of names or bytes, or the disk, is used up. */
  | 'QUOTA'
  /** Thrown when the NameNode stayed in safe mode, where nothing can be written, until the deadline; trying again may help. */
  | 'SAFE_MODE'
  /** Thrown when no NameNode, or no DataNode with the block, answered until the deadline; trying again may help. */
  | 'UNAVAILABLE'
  /** Thrown when an answer did not come in time; trying again may help. */
  | 'TIMEOUT'
  /** Thrown when the operating system refuses a read or write; `cause` is its error. */
  | 'IO';

const RETRYABLE: ReadonlySet<LoaderErrorCode> = new Set([
  'CACHE_CONTENDED',
  'LOCKED',
  'SAFE_MODE',
  'UNAVAILABLE',
  'TIMEOUT',
]);

/** Thrown when a source cannot be read, a data set is damaged, or an argument is out of range. */
export class LoaderError extends Error {
  override readonly name = 'LoaderError';
  readonly code: LoaderErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: LoaderErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = RETRYABLE.has(code);
  }
}

const FILE_CODES: Readonly<Record<string, LoaderErrorCode>> = {
  ENOENT: 'NOT_FOUND',
  EEXIST: 'EXISTS',
  EACCES: 'PERMISSION',
  EPERM: 'PERMISSION',
  EROFS: 'PERMISSION',
  ENOSPC: 'QUOTA',
  EDQUOT: 'QUOTA',
};

/** A file system error as a LoaderError: NOT_FOUND for ENOENT, and so on, else IO. */
export function fileError(action: 'read' | 'write', path: string, cause: unknown): LoaderError {
  const code = FILE_CODES[(cause as NodeJS.ErrnoException).code ?? ''] ?? 'IO';
  return new LoaderError(code, `cannot ${action} ${path}: ${(cause as Error).message}`, { cause });
}
