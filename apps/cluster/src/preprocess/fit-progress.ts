/** How far the fit is, over all workers. */
import type { FitProgress } from '@weft/preprocessing';

/** A pass over the training samples. */
export interface FitRunning extends FitProgress {
  /** Rows of a pass: the training samples. */
  readonly totalRows: number;
}

export class FitRows {
  readonly #totalRows: number;
  #now: Omit<FitProgress, 'rows'> = { step: '', pass: 0, passes: null };
  /** A slower worker may still tell of a pass that others have left. */
  readonly #begun = new Set<string>();
  readonly #rows = new Map<number, number>();

  constructor(totalRows: number) {
    this.#totalRows = totalRows;
  }

  /** Takes a worker's report; gives the pass that the foremost worker is in. */
  add(worker: number, { step, pass, passes, rows }: FitProgress): FitRunning {
    const key = `${step} ${pass}`;
    if (!this.#begun.has(key)) {
      this.#begun.add(key);
      this.#now = { step, pass, passes };
      this.#rows.clear();
    }
    if (step === this.#now.step && pass === this.#now.pass) this.#rows.set(worker, rows);
    const sum = [...this.#rows.values()].reduce((a, b) => a + b, 0);
    return { ...this.#now, rows: Math.min(sum, this.#totalRows), totalRows: this.#totalRows };
  }
}
