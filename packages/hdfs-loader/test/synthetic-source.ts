import type { Samples } from '../src/samples.js';
import { type InMemory, samplesSource } from '../src/sources/samples-source.js';
import type { Source } from '../src/sources/source.js';

/** `count` samples of 2 × 2: sample i is all i mod 256, its label i mod 3. */
export function syntheticSamples(count: number, first = 0): Samples<Uint8Array> {
  const inputs = Uint8Array.from({ length: count * 4 }, (_, i) => first + Math.floor(i / 4));
  const labels = Uint16Array.from({ length: count }, (_, i) => (first + i) % 3);
  return { inputs, labels, count, features: 4 };
}

/** The same as real numbers: value j of sample i is i + j / 4 − 8. */
export function floatSamples(count: number, first = 0): Samples<Float32Array> {
  const inputs = Float32Array.from({ length: count * 4 }, (_, i) => first + i / 4 - 8);
  return { ...syntheticSamples(count, first), inputs };
}

/** A source of 25 training and 7 test samples in three classes. */
export function syntheticSource(over: Partial<InMemory> = {}): Source {
  return samplesSource({
    name: 'synthetic',
    split: 'official',
    note: 'Made for tests.',
    inputShape: [2, 2, 1],
    labelNames: ['a', 'b', 'c'],
    fingerprint: '0123456789abcdef',
    train: syntheticSamples(25),
    test: syntheticSamples(7, 100),
    ...over,
  });
}

/** A source that opens, and whose samples cannot be read. */
export function unreadableSource(error: Error): Source {
  const source = syntheticSource();
  return {
    ...source,
    open: async () => ({
      ...(await source.open()),
      // biome-ignore lint/correctness/useYield: it fails before it has anything
      async *read() {
        throw error;
      },
    }),
  };
}
