import { setTimeout as sleep } from 'node:timers/promises';
import { LoaderError } from '../errors.js';
import { RemoteFailure, TIMEOUT } from './remote-failure.js';

/** How long and how often something is tried. */
export interface RetryPolicy {
  /** In all, over all tries. */
  readonly deadlineMs: number;
  /** Before the second try; doubled each time, up to `maxDelayMs`. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Told once of a call that has been tried in vain for some seconds: what fails, and how long it is still tried. */
  readonly onWait?: ((line: string) => void) | undefined;
}

/** Whoever waits as long wants to know for what. */
const NOTICE_MS = 3_000;

export const DEFAULT_RETRY: RetryPolicy = { deadlineMs: 60_000, firstDelayMs: 100, maxDelayMs: 2_000 };

/** What one try is told. */
export interface Try {
  /** 0, 1, … */
  readonly attempt: number;
  /** Whether an earlier try may have been carried out without its answer having come. */
  readonly ambiguous: boolean;
  /** Milliseconds that are left. */
  readonly leftMs: number;
}

/**
 * Tries until it works, the failure is one that trying does not help, or the deadline passes. Between two tries it waits, for a random part of
 * a delay that doubles (full jitter, Brooker 2015); not after a failure that `moved` says has another place to go.
 *
 * @param o.where what is being done, and to what, for messages; made when there is one
 * @param o.moved after a failure with remedy 'move': turns to another place, and says whether that is one not tried since the last wait
 * @throws LoaderError of the last failure, or the signal's reason
 */
export async function retrying<T>(
  o: { where: string | (() => string); policy: RetryPolicy; signal: AbortSignal | undefined; moved?: () => boolean },
  attemptOnce: (now: Try) => Promise<T>,
): Promise<T> {
  const { policy, signal, moved } = o;
  const where = (): string => (typeof o.where === 'string' ? o.where : o.where());
  const beginMs = performance.now();
  const end = beginMs + policy.deadlineMs;
  let ambiguous = false;
  let last: RemoteFailure | undefined;
  let told = false;
  let delayMs = policy.firstDelayMs;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await attemptOnce({ attempt, ambiguous, leftMs: Math.max(1, end - performance.now()) });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RemoteFailure)) throw error;
      if (error.remedy === 'none') throw error.toLoaderError(where());
      ambiguous ||= error.ambiguous;
      // A try that the deadline cut short says nothing: the answer before it does.
      if (error.exception !== TIMEOUT || last === undefined) last = error;
      const waitMs = delayMs * (0.5 + Math.random() / 2);
      const leftMs = end - performance.now();
      if (!told && performance.now() - beginMs > Math.min(NOTICE_MS, policy.deadlineMs / 4)) {
        told = true;
        policy.onWait?.(
          `${last.toLoaderError(where()).message}; trying again for ${Math.ceil(Math.max(0, leftMs) / 1000)} s`,
        );
      }
      if (leftMs <= 0) throw givenUp(last, { where: where(), attempt, beginMs });
      if (error.remedy === 'move' && moved?.()) continue;
      if (leftMs <= waitMs) throw givenUp(last, { where: where(), attempt, beginMs });
      await sleep(waitMs, undefined, signal ? { signal } : {}).catch(() => {});
      delayMs = Math.min(policy.maxDelayMs, delayMs * 2);
    }
  }
}

function givenUp(last: RemoteFailure, o: { where: string; attempt: number; beginMs: number }): LoaderError {
  const error = last.toLoaderError(o.where);
  const seconds = ((performance.now() - o.beginMs) / 1000).toFixed(1);
  const tries = `given up after ${o.attempt + 1} ${o.attempt === 0 ? 'try' : 'tries'} in ${seconds} s`;
  return new LoaderError(error.code, `${error.message} (${tries})`, { cause: error });
}
