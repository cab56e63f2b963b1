/**
 * What workers and parameter shards say to one another, over @weft/transport.
 *
 *   pull  {}                                   → { version } + θ of the shard: what the next push is computed from
 *   peek  {}                                   → { version } + θ of the shard, to be looked at only
 *   push  { id, version, pull } + message      → { version, staleness, outcome } + reply, if pull
 *   stats {}                                   → { version, staleness: [[τ, times], …] }
 */
import type { Header } from '@weft/transport';
import { TrainerError } from './errors.js';
import type { PushId } from './parameter-shard.js';

/** Frame kinds of the data connections. */
export const ShardKind = { pull: 16, push: 17, stats: 18, peek: 19 } as const;

/** The header of a push. */
export interface PushHeader {
  readonly id: PushId;
  readonly version: number;
  readonly pull: boolean;
}

const MAX_SHOWN = 40;

function bad(where: string, expected: string, value: unknown): TrainerError {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const got = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return new TrainerError('bad-message', `${where}: ${expected} expected, got ${got}`);
}

/** A whole number ≥ 0 out of a header. Throws `bad-message`. */
export function countOf(header: Header, field: string, where: string): number {
  const value = header[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw bad(where, `a whole number ≥ 0 as ${field}`, value);
  }
  return value;
}

/** Checks the header of a push. Throws `bad-message`. */
export function parsePush(header: Header, where: string): PushHeader {
  const id = header['id'];
  const pull = header['pull'];
  if (typeof id !== 'object' || id === null) throw bad(where, 'a push id', id);
  if (typeof pull !== 'boolean') throw bad(where, 'true or false as pull', pull);
  const fields = id as Header;
  return {
    id: {
      worker: countOf(fields, 'worker', where),
      incarnation: countOf(fields, 'incarnation', where),
      window: countOf(fields, 'window', where),
    },
    version: countOf(header, 'version', where),
    pull,
  };
}
