import type { TransportError, TransportErrorCode } from '../errors.js';
import { decodeHeader } from '../header.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { FrameFlag, FrameKind, PREFIX_BYTES, readPrefix } from '../prefix.js';
import { type Wait, waitError } from '../wait-error.js';
import type { JobFailure } from './executor.js';
import type { Program } from './program.js';

/** Which collective, and who carries it out. */
export interface CollectiveErrorOptions {
  /** `all-reduce`. */
  readonly name: string;
  /** Its number in its group. */
  readonly sequence: number;
  readonly program: Program;
  readonly head: Uint8Array;
  readonly failure: JobFailure;
  readonly timeoutMs: number;
  /** `worker 3 on node-a`. */
  readonly self: string;
  /** What an abort is told as, and why; by default `aborted`. */
  readonly abort?:
    | { readonly code: 'aborted' | 'closed'; readonly reason: string; readonly cause?: unknown }
    | undefined;
  nameOf(rank: number): string;
}

const CODES = {
  timeout: 'timeout',
  aborted: 'aborted',
  lost: 'lost',
  head: 'protocol',
  checksum: 'checksum',
} as const satisfies Record<JobFailure['failure'], TransportErrorCode>;

/** Characters of another member's header that a message shows. */
const SHOWN_CHARACTERS = 256;

/** A frame's number and header, as words. Its bytes are another member's, authenticated, but may be cut. */
function described(bytes: Uint8Array): string {
  const { kind, flags, term, request, headerBytes } = readPrefix(bytes, DEFAULT_LIMITS);
  if (kind !== FrameKind.collective) return `a frame of kind ${kind}`;
  const header = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  const fields = header.length < headerBytes ? '…' : JSON.stringify(decodeHeader(header));
  const shown = fields.length > SHOWN_CHARACTERS ? `${fields.slice(0, SHOWN_CHARACTERS)}…` : fields;
  return `#${request} of term ${term}${(flags & FrameFlag.crc) === 0 ? '' : ' with a checksum'} ${shown}`;
}

function mismatch(expected: Uint8Array, came: Uint8Array): string {
  const wanted = `${described(expected)} expected`;
  try {
    return `${wanted}, got ${described(came)} (all ranks must call the same, in the same order)`;
  } catch (error) {
    return `${wanted}, got no frame of a collective: ${(error as Error).message}`;
  }
}

/**
 * What failed in a collective, as one line and as fields. It is never worth a retry as it is: the vector holds part of a result, and
 * the group has ended.
 *
 * @example collectiveError({ name: 'barrier', sequence: 1, program, head, failure, timeoutMs: 30_000, self, nameOf })
 */
export function collectiveError(o: CollectiveErrorOptions): TransportError {
  const { failure, program, abort = { code: 'aborted', reason: 'aborted' } } = o;
  const { receiving, bytes, expectedBytes, transfer } = failure;
  const count = receiving ? program.receives.length : program.sends.length;
  const wait: Wait = {
    operation: `${o.name} #${o.sequence}${transfer < 0 ? '' : ` piece ${transfer + 1} of ${count}`}`,
    sequence: o.sequence,
    self: o.self,
    peer: failure.peer === undefined ? undefined : o.nameOf(failure.peer),
    ...(receiving && { receivedBytes: bytes, expectedBytes: expectedBytes === 0 ? undefined : expectedBytes }),
  };
  const code = failure.failure === 'aborted' ? abort.code : CODES[failure.failure];
  if (failure.failure === 'timeout' && receiving) {
    return waitError(code, wait, { withinMs: o.timeoutMs, retryable: false });
  }
  const reason = {
    timeout: () => `no end within ${o.timeoutMs} ms`,
    aborted: () => abort.reason,
    lost: () => `the connection ended${failure.reason === undefined ? '' : ` (${failure.reason})`}`,
    head: () => mismatch(o.head, failure.came ?? new Uint8Array(0)),
    checksum: () => 'the checksum does not match',
  }[failure.failure]();
  const [gone, all] = [bytes, expectedBytes].map((n) => n.toLocaleString('en-US'));
  const progress = receiving ? '' : `${gone} of ${all} bytes had gone, then: `;
  const cause = failure.failure === 'aborted' ? abort.cause : undefined;
  return waitError(code, wait, { reason: `${progress}${reason}`, cause, retryable: false });
}
