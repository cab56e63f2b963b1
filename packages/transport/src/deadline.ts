import { TransportError } from './errors.js';

export interface DeadlineOptions {
  /** Milliseconds until `timeout`. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What is waited for, for the message. */
  readonly operation: string;
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
  const { timeoutMs, signal, operation } = o;
  checkTimeout('timeoutMs', timeoutMs);
  if (signal?.aborted === true) throw aborted(operation, signal);
  const expire = (error: TransportError) => {
    done();
    o.onExpire(error);
  };
  const onAbort = () => expire(aborted(operation, signal!));
  const timer = setTimeout(
    () => expire(new TransportError('timeout', `${operation}: no end within ${timeoutMs} ms`, { operation })),
    timeoutMs,
  );
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

function aborted(operation: string, signal: AbortSignal): TransportError {
  return new TransportError('aborted', `${operation}: aborted`, { operation, cause: signal.reason });
}
