/** What can go wrong in training. */
export type TrainerErrorCode =
  /** Thrown when a trainer's name is not known. */
  | 'unknown-algorithm'
  /** Thrown when an optimizer's name is not known. */
  | 'unknown-optimizer'
  /** Thrown when a setting of an update rule has a wrong name, type or range. */
  | 'bad-setting'
  /** Thrown when a loss or a parameter is NaN or infinite. */
  | 'diverged'
  /** Thrown when a message to a parameter shard has the wrong length or fields. */
  | 'bad-message'
  /** Thrown when a shard refuses a push of an incarnation that another has replaced. */
  | 'fenced';

/** An error of @weft/trainer. The message is one line: what was expected, what came, where. */
export class TrainerError extends Error {
  override readonly name = 'TrainerError';
  readonly retryable = false;
  constructor(
    readonly code: TrainerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
