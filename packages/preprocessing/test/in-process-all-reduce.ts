import type { AllReduce } from '../src/transformer.js';

/**
 * Real sums between workers of one process: a sum resolves on all ranks when the last has come, and is made in rank order.
 *
 * @returns one end for each rank
 */
export function inProcessAllReduce(size: number): AllReduce[] {
  const waiting: (readonly [vector: Float32Array, done: () => void, failed: (error: Error) => void] | undefined)[] = [];
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    sum: (vector: Float32Array) =>
      new Promise<void>((done, failed) => {
        if (waiting[rank]) throw new Error(`rank ${rank}: one sum at a time`);
        waiting[rank] = [vector, done, failed];
        const all = waiting.filter((entry) => entry !== undefined);
        if (all.length < size) return;
        waiting.length = 0;
        const vectors = all.map(([each]) => each);
        if (vectors.some(({ length }) => length !== vector.length)) {
          for (const [, , fail] of all) fail(new Error(`lengths differ: ${vectors.map(({ length }) => length)}`));
          return;
        }
        const total = vectors.reduce((a, b) => a.map((value, i) => value + b[i]!), new Float32Array(vector.length));
        for (const [each, resolve] of all) {
          each.set(total);
          resolve();
        }
      }),
  }));
}
