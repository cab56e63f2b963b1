import { TransportError } from './errors.js';
import { type Progress, type Wait, waitError } from './wait-error.js';

export interface DeadlineOptions extends Wait {
  /** Milliseconds until `timeout`. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** How far it has come; asked once, when it expires. */
  progress?(): Progress | undefined;
  /** Called once at most, with `timeout` or `aborted`. */
  onExpire(error: TransportError): void;
}

/** The longest time that Node's timers can wait: 2³¹ − 1 ms. A longer one would fire at once. */
const MAX_TIMEOUT_MS = 0x7fffffff;

/**
 * Bounds a wait by time and signal. Returns what ends the watch; call it when the wait is over.
 *
 * @throws {TransportError} `configuration` when timeoutMs is not between 1 and 2³¹ − 1; `aborted` when the signal already is
 * @example const done = deadline({ timeoutMs: 1000, operation: 'connect', onExpire: (error) => reject(error) });
 */
export function deadline(o: DeadlineOptions): () => void {
  const { timeoutMs, signal } = o;
  checkTimeout('timeoutMs', timeoutMs);
  if (signal?.aborted === true) throw aborted(o, signal);
  const expire = (error: TransportError) => {
    done();
    o.onExpire(error);
  };
  const onAbort = () => expire(aborted(o, signal!));
  const timer = setTimeout(() => expire(waitError('timeout', waitOf(o), { withinMs: timeoutMs })), timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  const done = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  return done;
}

/**
 * Checks a time limit in milliseconds.
 *
 * @throws {TransportError} `configuration` naming the option
 * @example checkTimeout('heartbeatMs', 2000)
 */
export function checkTimeout(name: string, timeoutMs: number): void {
  if (!(timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new TransportError('configuration', `${name}: 1 to ${MAX_TIMEOUT_MS} ms expected, got ${String(timeoutMs)}`);
  }
}

function aborted(o: DeadlineOptions, signal: AbortSignal): TransportError {
  return waitError('aborted', waitOf(o), { reason: 'aborted', cause: signal.reason });
}

function waitOf(o: DeadlineOptions): Wait {
  const { operation, self, peer, request, sequence, receivedBytes, expectedBytes } = o;
  return { operation, self, peer, request, sequence, receivedBytes, expectedBytes, ...o.progress?.() };
}
