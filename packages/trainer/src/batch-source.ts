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
   * The training samples at these positions of the epoch's order. The arrays are reused, two sets in turn: valid until the call
   * after the next, so that one batch is put together while another is computed on.
   */
  train(range: SampleRange): Promise<Batch>;
  /** The test samples [start, end). The arrays are reused: valid until the next call. */
  test(start: number, end: number): Promise<Batch>;
}
