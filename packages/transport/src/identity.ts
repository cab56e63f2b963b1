import { TransportError } from './errors.js';

/** Who a process is within a run. */
export interface Identity {
  /** What it does: worker, shard, coordinator …; 1 to 32 printable ASCII characters. */
  readonly role: string;
  /** Its number among those of its role: 0 to 2³² − 1. */
  readonly rank: number;
  /** The run that it belongs to: 1 to 64 printable ASCII characters. */
  readonly run: string;
}

export const MAX_ROLE_BYTES = 32;
export const MAX_RUN_BYTES = 64;

const PRINTABLE = /^[\x20-\x7e]+$/;

/**
 * Checks an identity.
 *
 * @throws {TransportError} `configuration` naming the field
 * @example checkIdentity({ role: 'worker', rank: 0, run: 'r1' })
 */
export function checkIdentity(identity: Identity): void {
  checkName('role', identity.role, MAX_ROLE_BYTES);
  checkName('run', identity.run, MAX_RUN_BYTES);
  const { rank } = identity;
  if (!Number.isInteger(rank) || rank < 0 || rank > 0xffffffff) {
    throw new TransportError('configuration', `identity.rank: 0 to 4294967295 expected, got ${String(rank)}`);
  }
}

function checkName(field: string, value: string, maxBytes: number): void {
  if (typeof value !== 'string' || value.length > maxBytes || !PRINTABLE.test(value)) {
    throw new TransportError(
      'configuration',
      `identity.${field}: 1 to ${maxBytes} printable ASCII characters expected, got ${JSON.stringify(value)}`,
    );
  }
}
