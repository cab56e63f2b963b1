import { TransportError, type TransportErrorCode } from '../errors.js';
import { decodeHeader } from '../header.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { FrameKind, PREFIX_BYTES, readPrefix } from '../prefix.js';
import type { JobFailure } from './executor.js';
import type { Program } from './program.js';

export interface CollectiveErrorOptions {
  /** `all-reduce #12`. */
  readonly operation: string;
  readonly program: Program;
  readonly head: Uint8Array;
  readonly failure: JobFailure;
  readonly timeoutMs: number;
  readonly rank: number;
  readonly size: number;
  nameOf(rank: number): string;
}

const CODES = {
  timeout: 'timeout',
  aborted: 'aborted',
  lost: 'lost',
  head: 'protocol',
  checksum: 'checksum',
} as const satisfies Record<JobFailure['failure'], TransportErrorCode>;

/** A frame's number and header, as words. Its bytes are another member's, authenticated, but may be cut. */
function described(bytes: Uint8Array): string {
  const { kind, term, request, headerBytes } = readPrefix(bytes, DEFAULT_LIMITS);
  if (kind !== FrameKind.collective) return `a frame of kind ${kind}`;
  const header = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  const fields = header.length < headerBytes ? '…' : JSON.stringify(decodeHeader(header));
  return `#${request} of term ${term} ${fields}`;
}

function mismatch(expected: Uint8Array, came: Uint8Array): string {
  try {
    return `${described(expected)} expected, got ${described(came)} (all ranks must call the same, in the same order)`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What failed in a collective, as one line and as fields. */
export function collectiveError(o: CollectiveErrorOptions): TransportError {
  const { failure, operation, program } = o;
  const { receiving, bytes, expectedBytes, transfer } = failure;
  const peer = failure.peer === undefined ? 'nobody' : o.nameOf(failure.peer);
  const count = receiving ? program.receives.length : program.sends.length;
  const progress =
    `${bytes} of ${expectedBytes} bytes of piece ${transfer + 1} of ${count} ` +
    (receiving ? `had come from ${peer}` : `had gone to ${peer}`);
  const what = {
    timeout: () => `no end within ${o.timeoutMs} ms: ${progress}`,
    aborted: () => 'aborted',
    lost: () => `${progress}, then the connection ended${failure.reason === undefined ? '' : ` (${failure.reason})`}`,
    head: () => `${peer}: ${mismatch(o.head, failure.came ?? new Uint8Array(0))}`,
    checksum: () => `the checksum of piece ${transfer + 1} of ${count} from ${peer} does not match`,
  }[failure.failure]();
  return new TransportError(CODES[failure.failure], `${operation}, rank ${o.rank} of ${o.size}: ${what}`, {
    operation,
    peer,
    receivedBytes: receiving ? bytes : 0,
    retryable: false,
  });
}
