import type { Batch } from '@weft/models';

/** A range of the samples of one epoch, in that epoch's order: positions [start, end). */
export interface SampleRange {
  readonly epoch: number;
  readonly start: number;
  readonly end: number;
}

/** Where a worker's batches come from. */
export interface BatchSource {
  /**
   * The worker begins a range. Settles when its samples are in memory.
   *
   * @param upcoming where the worker will probably go on once it leaves this part of the epoch: to be read in the background
   */
  begin?(range: SampleRange, upcoming: SampleRange | null): Promise<void>;
  /**
   * The training samples at these positions of the epoch's order. The arrays are reused, two sets in turn: valid until the call
   * after the next, so that one batch is put together while another is computed on.
   */
  train(range: SampleRange): Promise<Batch>;
  /** The test samples [start, end). The arrays are reused: valid until the next call. */
  test(start: number, end: number): Promise<Batch>;
}
