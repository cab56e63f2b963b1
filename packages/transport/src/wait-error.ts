import { hostname } from 'node:os';
import { TransportError, type TransportErrorCode, type TransportErrorOptions } from './errors.js';
import type { Identity } from './identity.js';

/** How far a wait has come. */
export interface Progress {
  /** Bytes that have come. */
  readonly receivedBytes: number;
  /** Bytes that should come, where that is known. */
  readonly expectedBytes?: number | undefined;
}

/** Who waits for whom, doing what: `self` as of selfName(), `peer` as of peerName(). */
export interface Wait
  extends Pick<TransportErrorOptions, 'self' | 'peer' | 'request' | 'sequence' | 'receivedBytes' | 'expectedBytes'> {
  /** As `request 7 (kind 17)`, `all-reduce #12 step 3 of 6`, or `handshake with 10.0.0.9:4000`, which names the peer itself. */
  readonly operation: string;
}

/** How a wait ended: at its time limit, or for a reason. */
export type WaitEnd =
  | { readonly withinMs: number; readonly retryable?: boolean }
  | { readonly reason: string; readonly cause?: unknown; readonly retryable?: boolean };

/**
 * The error of a wait that did not end well. Its one line names the operation, how much had come, from whom, how it ended and who
 * waited; its fields say the same.
 *
 * @example
 * waitError('timeout', { operation: 'all-reduce #12 step 3 of 6', sequence: 12, self: 'worker 3 on a', peer: 'worker 2 at
 *   10.0.0.3:4000', receivedBytes: 1048576, expectedBytes: 4194304 }, { withinMs: 30000 }).message
 * // all-reduce #12 step 3 of 6: 1,048,576 of 4,194,304 bytes had come from worker 2 at 10.0.0.3:4000 within 30000 ms (seen by worker 3 on a)
 */
export function waitError(code: TransportErrorCode, wait: Wait, end: WaitEnd): TransportError {
  const { operation, peer, receivedBytes, expectedBytes } = wait;
  const reason = 'reason' in end ? end.reason : `no end within ${end.withinMs} ms`;
  let line: string;
  const named = peer === undefined || operation.includes(peer);
  if (receivedBytes === undefined) {
    line = `${operation}${named ? '' : ` to ${peer}`}: ${reason}`;
  } else {
    const from = named ? '' : ` from ${peer}`;
    const how = 'reason' in end ? `, then: ${reason}` : ` within ${end.withinMs} ms`;
    line = `${operation}: ${came(receivedBytes, expectedBytes)} had come${from}${how}`;
  }
  const { retryable } = end;
  const cause = 'reason' in end ? end.cause : undefined;
  return new TransportError(code, seenBy(line, wait.self), {
    ...wait,
    ...(cause === undefined ? {} : { cause }),
    retryable,
    reason,
  });
}

/**
 * A message with who saw it.
 *
 * @example seenBy('shard 0 at h:1: the socket closed', 'worker 3 on a') // 'shard 0 at h:1: the socket closed (seen by worker 3 on a)'
 */
export function seenBy(message: string, self: string | undefined): string {
  return self === undefined ? message : `${message} (seen by ${self})`;
}

/**
 * What this process calls itself: role, rank and host.
 *
 * @example selfName({ role: 'worker', rank: 3, run: 'r1' }) // 'worker 3 on node-a'
 */
export function selfName(identity: Identity): string {
  return `${identity.role} ${identity.rank} on ${hostname()}`;
}

/**
 * What a peer is called: role, rank and address.
 *
 * @example peerName({ role: 'shard', rank: 0, run: 'r1' }, '10.0.0.3:4000') // 'shard 0 at 10.0.0.3:4000'
 */
export function peerName(identity: Identity, address: string): string {
  return `${identity.role} ${identity.rank} at ${address}`;
}

function came(receivedBytes: number, expectedBytes: number | undefined): string {
  if (expectedBytes !== undefined) return `${count(receivedBytes)} of ${count(expectedBytes)} bytes`;
  return receivedBytes === 0 ? 'nothing' : `${count(receivedBytes)} bytes`;
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}
