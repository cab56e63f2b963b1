import { TransportError } from './errors.js';
import type { Header } from './header.js';
import { seenBy } from './wait-error.js';

/** Longer messages are cut: an error must fit into any header limit. */
const MAX_MESSAGE_CHARACTERS = 1000;

/**
 * What an error frame says of an error: { code, message, retryable }. No stack and no cause leave the process.
 *
 * @example errorHeader(new Error('θ has 3 elements')) // { code: 'internal', message: 'θ has 3 elements', retryable: false }
 */
export function errorHeader(error: unknown): Header {
  const fields = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
  const { code, message, retryable } = fields;
  return {
    code: typeof code === 'string' ? code.slice(0, 100) : 'internal',
    message: (typeof message === 'string' ? message : String(error)).slice(0, MAX_MESSAGE_CHARACTERS),
    retryable: retryable === true,
  };
}

/**
 * The error that an error frame stands for, code `remote`.
 *
 * @example remoteError({ code: 'stale', message: 'term 3 expected', retryable: true }, { peer, operation }).remoteCode // 'stale'
 */
export function remoteError(
  header: Header,
  where: {
    readonly peer: string;
    readonly operation: string;
    readonly request?: number;
    readonly self?: string | undefined;
  },
): TransportError {
  const remoteCode = typeof header['code'] === 'string' ? header['code'] : 'internal';
  const remoteMessage = typeof header['message'] === 'string' ? header['message'] : '';
  const reason = `${remoteCode}: ${remoteMessage}`;
  return new TransportError('remote', seenBy(`${where.operation} to ${where.peer}: ${reason}`, where.self), {
    ...where,
    reason,
    remoteCode,
    remoteMessage,
    retryable: header['retryable'] === true,
  });
}
