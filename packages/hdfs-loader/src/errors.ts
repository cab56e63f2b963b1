/** Why a source, data set or argument was refused. */
export type LoaderErrorCode =
  /** Thrown when a file or folder that is needed is not there. */
  | 'NOT_FOUND'
  /** Thrown when a source's file does not hold what its format promises; the message names the file and the byte or row. */
  | 'INVALID_SOURCE'
  /** Thrown when a source's file ends too early. */
  | 'TRUNCATED'
  /** Thrown when a manifest is missing, is not JSON, or does not fit its schema. */
  | 'INVALID_MANIFEST'
  /** Thrown when a shard's size, checksum or contents are not what the manifest says. */
  | 'INVALID_SHARD'
  /** Thrown when a data set would be written over something that is already there. */
  | 'DATASET_EXISTS'
  /** Thrown when other processes keep replacing the cached data set; trying again may help. */
  | 'CACHE_CONTENDED'
  /** Thrown when an argument is out of its range. */
  | 'INVALID_ARGUMENT'
  /** Thrown when the operating system refuses a read or write; `cause` is its error. */
  | 'IO';

/** Thrown when a source cannot be read, a data set is damaged, or an argument is out of range. */
export class LoaderError extends Error {
  override readonly name = 'LoaderError';
  readonly code: LoaderErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: LoaderErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = code === 'CACHE_CONTENDED';
  }
}

/** A file system error as a LoaderError: NOT_FOUND for ENOENT, else IO. */
export function fileError(action: 'read' | 'write', path: string, cause: unknown): LoaderError {
  const code = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'NOT_FOUND' : 'IO';
  return new LoaderError(code, `cannot ${action} ${path}: ${(cause as Error).message}`, { cause });
}
