/** How long the processes of a run wait for one another, in milliseconds. */

/** Between two signs of life on an idle control connection. */
export const HEARTBEAT_MS = 2_000;
/** A peer silent for this long is gone. */
export const DETECTION_MS = 10_000;
/** For a process to come up: start, connect, load its data, build its model. */
export const START_MS = 120_000;
/** For one exchange with one shard. */
export const EXCHANGE_MS = 60_000;
/** For the word that a process may end to leave this one. */
export const NOTICE_MS = 1_000;
/** For a process to end after it was told to, before it is killed. */
export const STOP_MS = 5_000;
/** A worker waits at a barrier for the slowest: as long as the control connection lives. */
export const BARRIER_MS = 2 ** 31 - 1;
