import type { Samples } from '../src/samples.js';
import { type InMemory, samplesSource } from '../src/sources/samples-source.js';
import { fashionMnistLabelNames, type Source } from '../src/sources/source.js';

const SIDE = 28;

/** A rectangle of cloth with a dark print in its middle. */
export function rectangle(width: number, height: number, value = 200): Uint8Array {
  const pixels = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const [dx, dy] = [Math.abs(x - 13.5), Math.abs(y - 13.5)];
      if (dx <= width / 2 && dy <= height / 2) pixels[y * SIDE + x] = dx < 2 && dy < 2 ? 0 : value;
    }
  }
  return pixels;
}

function garments(each: number, value: number): Samples {
  const classes = fashionMnistLabelNames.length;
  const count = classes * each;
  const inputs = new Uint8Array(count * SIDE * SIDE);
  for (let i = 0; i < count; i++) inputs.set(rectangle(10 + (i % classes), 24, value + i), i * SIDE * SIDE);
  return { inputs, labels: Uint16Array.from({ length: count }, (_, i) => i % classes), count, features: SIDE * SIDE };
}

/** Three training and two test garments of each class; those of the test set are lighter. */
export function madeUpGarments(over: Partial<InMemory> = {}): Source {
  return samplesSource({
    name: 'garments',
    split: 'official',
    note: 'Made for tests.',
    inputShape: [SIDE, SIDE, 1],
    labelNames: fashionMnistLabelNames,
    fingerprint: 'abcdef',
    train: garments(3, 100),
    test: garments(2, 200),
    ...over,
  });
}
