import { TransportError } from './errors.js';

/** What one connection may cost. Lengths are checked against them before anything is allocated. */
export interface Limits {
  /** Bytes of a frame's header, padding not counted. */
  readonly maxHeaderBytes: number;
  /** Bytes of a frame's payload. */
  readonly maxPayloadBytes: number;
  /** Requests of this side that wait for their answers; one more is an error. */
  readonly maxPendingRequests: number;
  /** Messages of the peer that are being handled; at the limit reading stops until one is done. */
  readonly maxHandledMessages: number;
  /** Frames that wait to be written; one more is an error. */
  readonly maxQueuedFrames: number;
  /** Bytes handed to the socket and not yet taken by the kernel, above which the next frame waits. */
  readonly maxUnwrittenBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxHeaderBytes: 64 * 1024,
  maxPayloadBytes: 1024 ** 3,
  maxPendingRequests: 1024,
  maxHandledMessages: 256,
  maxQueuedFrames: 4096,
  maxUnwrittenBytes: 1024 ** 2,
};

/** Time limits that hold where an option does not say otherwise, in milliseconds. */
export const DEFAULT_TIMES = {
  connectMs: 10_000,
  authenticationMs: 5_000,
  requestMs: 30_000,
  handlerMs: 600_000,
  heartbeatMs: 2_000,
  detectionMs: 10_000,
  closeMs: 1_000,
} as const;

/**
 * The defaults with some limits changed.
 *
 * @throws {TransportError} `configuration` when a limit is not a whole number ≥ 1
 * @example resolveLimits({ maxPayloadBytes: 64 * 1024 ** 2 })
 */
export function resolveLimits(changed: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...changed };
  for (const [name, value] of Object.entries(limits)) {
    if (!(name in DEFAULT_LIMITS)) throw new TransportError('configuration', `limits: no limit is called ${name}`);
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TransportError('configuration', `limits.${name}: a whole number ≥ 1 expected, got ${String(value)}`);
    }
  }
  return limits;
}
