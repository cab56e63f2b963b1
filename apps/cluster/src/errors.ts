import { inspect } from 'node:util';

/** What can go wrong in a run. */
export type ClusterErrorCode =
  /** Thrown when a flag, an environment variable or a hosts file is wrong. */
  | 'usage'
  /** Thrown when a data set cannot be read or does not fit. */
  | 'data'
  /** Thrown when a model cannot be read or does not fit the data. */
  | 'model'
  /** Thrown when a process of the run fails, ends early or does not come up. */
  | 'node'
  /** Thrown when the run folder cannot be written, or is not that of a finished run. */
  | 'run-folder'
  /** Thrown by a question after something that is not up. */
  | 'down'
  /** Thrown when the run is stopped by a signal or by the caller. */
  | 'interrupted';

/** Exit status of the command line by kind of error. */
const EXIT_STATUS: Record<ClusterErrorCode, number> = {
  usage: 2,
  data: 1,
  model: 1,
  node: 1,
  'run-folder': 1,
  down: 3,
  interrupted: 130,
};

/** An error of @weft/cluster. The message is one line: what was expected, what came, where. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly retryable = false;
  constructor(
    readonly code: ClusterErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

/** Thrown when a run is stopped from outside. */
export function interrupted(): ClusterError {
  return new ClusterError('interrupted', 'interrupted: the run was stopped before its end');
}

/** The one line of any error that a user sees: its message up to the first line break, or else its code or name. */
export function oneLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).trimStart().split(/[\r\n]/, 1);
  if (line !== '' || !(error instanceof Error)) return line;
  return (error as NodeJS.ErrnoException).code ?? error.name;
}

const MAX_SHOWN = 80;

/** A value as a message shows it: text quoted, control characters escaped, long ones cut; always on one line. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value).replace(
          /[\u007f-\u009f\u2028\u2029]/g,
          (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
      : inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 1 });
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
