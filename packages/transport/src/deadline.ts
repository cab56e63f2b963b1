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
  const timer = setTimeout(() => expire(waitError('timeout', waitOf(o), { withinMs: timeoutMs })), timeoutMs);
  const deaf = signal && listenFor(signal, () => expire(aborted(o, signal)));
  const done = () => {
    clearTimeout(timer);
    deaf?.();
  };
  return done;
}

/** The waits of each signal: they share one listener, since Node warns of the eleventh. */
const waitsOf = new WeakMap<AbortSignal, { readonly waits: Set<() => void>; readonly onAbort: () => void }>();

/**
 * Calls a function when a signal is aborted, once. Returns what takes it back.
 *
 * @example const deaf = listenFor(signal, () => socket.destroy());
 */
export function listenFor(signal: AbortSignal, wait: () => void): () => void {
  let shared = waitsOf.get(signal);
  if (shared === undefined) {
    const waits = new Set<() => void>();
    shared = { waits, onAbort: () => endAll(waits) };
    waitsOf.set(signal, shared);
    signal.addEventListener('abort', shared.onAbort, { once: true });
  }
  const { waits, onAbort } = shared;
  waits.add(wait);
  return () => {
    if (!waits.delete(wait) || waits.size > 0) return;
    waitsOf.delete(signal);
    signal.removeEventListener('abort', onAbort);
  };
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

function endAll(waits: ReadonlySet<() => void>): void {
  // The end of one wait may be that of others: a connection's, of its requests.
  for (const end of [...waits]) if (waits.has(end)) end();
}

function aborted(o: DeadlineOptions, signal: AbortSignal): TransportError {
  return waitError('aborted', waitOf(o), { reason: 'aborted', cause: signal.reason });
}

function waitOf(o: DeadlineOptions): Wait {
  const { operation, self, peer, request, sequence, receivedBytes, expectedBytes } = o;
  return { operation, self, peer, request, sequence, receivedBytes, expectedBytes, ...o.progress?.() };
}
