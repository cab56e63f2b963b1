/** How often each staleness τ was seen. */
export class StalenessHistogram {
  readonly #counts = new Map<number, number>();

  /** Counts one update of staleness tau; times lets histograms be merged. */
  add(tau: number, times = 1): void {
    this.#counts.set(tau, (this.#counts.get(tau) ?? 0) + times);
  }

  /** Adds what another one, or its entries, counted. */
  merge(entries: Iterable<readonly [tau: number, times: number]>): void {
    for (const [tau, times] of entries) this.add(tau, times);
  }

  /** [τ, times] pairs, the smallest τ first. */
  entries(): [tau: number, times: number][] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }

  /** Mean, median, 99th percentile (nearest rank) and maximum; all 0 where nothing was counted. */
  summary(): StalenessSummary {
    const entries = this.entries();
    const total = entries.reduce((sum, [, times]) => sum + times, 0);
    if (total === 0) return { mean: 0, p50: 0, p99: 0, max: 0 };
    const percentile = (share: number): number => {
      let left = Math.ceil(share * total);
      for (const [tau, times] of entries) {
        left -= times;
        if (left <= 0) return tau;
      }
      return entries.at(-1)?.[0] ?? 0;
    };
    return {
      mean: entries.reduce((sum, [tau, times]) => sum + tau * times, 0) / total,
      p50: percentile(0.5),
      p99: percentile(0.99),
      max: entries.at(-1)?.[0] ?? 0,
    };
  }
}

export interface StalenessSummary {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}
