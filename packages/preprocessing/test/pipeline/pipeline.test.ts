import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Grayscale } from '../../src/images/grayscale.js';
import { Resize } from '../../src/images/resize.js';
import type { Matrix } from '../../src/matrix.js';
import { MinMaxScaler } from '../../src/min-max-scaler.js';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { StandardScaler } from '../../src/standard-scaler.js';
import type { FitProgress } from '../../src/transformer.js';
import { matrixOf } from '../matrices.js';
import { fittedOnShares } from '../shares.js';

const shape = [6, 5, 3];
const features = 90;
/** Images of any colours, the same each time; the first pixel is black in all. */
function images(rows: number): Matrix<Uint8Array> {
  const values = Uint8Array.from({ length: rows * features }, (_, i) =>
    i % features < 3 ? 0 : (i * i * 31 + i) % 251,
  );
  return { values, rows, features };
}
const rowsOf = (x: Matrix<Uint8Array>, begin: number, end: number): Matrix<Uint8Array> => ({
  values: x.values.subarray(begin * features, end * features),
  rows: end - begin,
  features,
});
const STEPS = 'grayscale,resize=4,standardize,minmax=per-pixel,reshape=16';
const parsed = (): Pipeline => Pipeline.parse(STEPS, shape);

describe('Pipeline', () => {
  it('tells what it is made of, and what goes in and comes out', () => {
    const pipeline = Pipeline.parse(' grayscale, resize=4x4,standardize ,reshape=16', shape);
    expect(pipeline.text).toBe('grayscale,resize=4,standardize,reshape=16');
    expect(pipeline.steps.map(({ kind }) => kind)).toEqual(['grayscale', 'resize', 'standard-scaler', 'reshape']);
    expect(pipeline.inputShape).toEqual(shape);
    expect(pipeline.sampleShape).toEqual([16]);
    expect(pipeline.outputShape(shape)).toEqual([16]);
    expect(pipeline.dtype).toBe('float32');
    expect(pipeline.isFitted).toBe(false);
    expect(() => pipeline.outputShape([6, 5, 1])).toThrow('expected samples of 6x5x3, got 6x5x1');
    expect(() => pipeline.outputType('float32')).toThrow('expected uint8 samples, got float32');
  });

  it('of image steps keeps bytes, and needs no fit', async () => {
    const pipeline = Pipeline.parse('grayscale,crop=2x3', shape);
    expect(pipeline.dtype).toBe('uint8');
    expect(pipeline.isFitted).toBe(true);
    await pipeline.fit(() => expect.unreachable());
    const y = await pipeline.transform(images(3));
    expect(y.values).toBeInstanceOf(Uint8Array);
    expect([y.rows, y.features]).toEqual([3, 6]);
  });

  it('fits each step on what those before it give, and maps through all', async () => {
    const x = images(9);
    const gray = await new Resize([6, 5, 1], { height: 4, width: 4 }).transform(new Grayscale(shape).transform(x));
    const scaler = await new StandardScaler().fit(() => [gray]);
    const ranges = await new MinMaxScaler({ mode: 'per-feature' }).fit(() => [scaler.transform(gray)]);
    const pipeline = await parsed().fit(() => [x]);
    expect(pipeline.isFitted).toBe(true);
    expect(await pipeline.transform(x)).toEqual(ranges.transform(scaler.transform(gray)));
    const out = new Float32Array(200);
    const y = await pipeline.transform(x, out);
    expect(y.values.buffer).toBe(out.buffer);
    expect(y.values).toEqual((await pipeline.transform(x)).values);
    expect((await pipeline.transform(rowsOf(x, 0, 0))).rows).toBe(0);
  });

  it('learns the same however the rows come in chunks, and whatever is kept of them', async () => {
    const x = images(12);
    const whole = await (await parsed().fit(() => [x])).transform(x);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 12 })), fc.nat(400), async (cuts, cacheBytes) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), 12];
        // One buffer for all chunks, as a reader of shards has it.
        const memory = new Uint8Array(x.values.length);
        function* chunks(): Generator<Matrix> {
          for (const [i, end] of bounds.slice(1).entries()) {
            const chunk = rowsOf(x, bounds[i]!, end);
            memory.fill(255).set(chunk.values);
            yield { ...chunk, values: memory };
          }
        }
        const { values } = await (await parsed().fit(chunks, { cacheBytes })).transform(x);
        values.forEach((value, i) => {
          expect(Math.abs(value - whole.values[i]!)).toBeLessThan(1e-6);
        });
      }),
      { numRuns: 25 },
    );
  });

  it('reads the source once a pass, or once where what is made of it is kept', async () => {
    for (const [cacheBytes, expected] of [
      [0, 2],
      [12 * 16, 1],
    ] as const) {
      let passes = 0;
      const chunks = (): Matrix[] => {
        passes++;
        return [rowsOf(images(12), 0, 7), rowsOf(images(12), 7, 12)];
      };
      await parsed().fit(chunks, { cacheBytes });
      expect(passes).toBe(expected);
    }
  });

  it('learns over workers what one learns, to the same bits on each', async () => {
    const x = images(12);
    const alone = await (await parsed().fit(() => [x])).transform(x);
    const chunks = [rowsOf(x, 0, 5), rowsOf(x, 5, 6), rowsOf(x, 6, 12)];
    for (const size of [1, 2, 3, 4]) {
      const fits = await fittedOnShares(parsed, chunks, size);
      for (const fit of fits) {
        expect(fit.toJSON()).toEqual(fits[0]!.toJSON());
        const { values } = await fit.transform(x);
        values.forEach((value, i) => {
          expect(Math.abs(value - alone.values[i]!)).toBeLessThan(1e-6);
        });
      }
    }
  });

  it('reports by the spelling of its steps', async () => {
    const reports: FitProgress[] = [];
    const fitted: number[] = [];
    await parsed().fit(() => [images(4)], {
      onProgress: (progress) => reports.push(progress),
      onStepFitted: (index) => void fitted.push(index),
    });
    expect(reports).toEqual([
      { step: 'standardize', pass: 1, passes: 1, rows: 4 },
      { step: 'minmax=per-pixel', pass: 1, passes: 1, rows: 4 },
    ]);
    expect(fitted).toEqual([2, 3]);
  });

  it('maps back where every step has a way, also the last of its steps alone', async () => {
    const x = images(9);
    const pipeline = await parsed().fit(() => [x]);
    expect(pipeline.inverse).toBeUndefined();
    const [before, after] = [pipeline.slice(0, 2), pipeline.slice(2)];
    expect(after.text).toBe('standardize,minmax=per-pixel,reshape=16');
    expect(after.inputShape).toEqual([4, 4, 1]);
    const gray = await before.transform(x);
    const back = await after.inverse!(await pipeline.transform(x));
    back.values.forEach((value, i) => {
      expect(Math.abs(value - gray.values[i]!)).toBeLessThan(1e-3);
    });
    await expect(after.inverse!(matrixOf([1]))).rejects.toThrow('expected rows of 16 features, got 1');
    expect(() => pipeline.slice(2, 2)).toThrow('expected steps from < to');
    expect(() => pipeline.slice(5)).toThrow('expected steps from < to');
  });

  it('takes float32 samples where it is told so, and names the row of one that is not finite', async () => {
    const pipeline = Pipeline.parse('normalize,standardize', [2], 'float32');
    await pipeline.fit(() => [matrixOf([1, 2], [4, 3])]);
    expect([...(await pipeline.transform(matrixOf([5, 9]))).values]).toEqual([-1, 1]);
    const damaged = matrixOf([1, 2], [Number.NaN, 1]);
    await expect(pipeline.transform(damaged)).rejects.toThrow('row 1, feature 0: expected a finite number, got NaN');
    await expect(pipeline.transform({ values: new Uint8Array(2), rows: 1, features: 2 })).rejects.toThrow(
      'expected float32 samples, got uint8',
    );
    await expect(parsed().transform(matrixOf(Array(90).fill(0)))).rejects.toThrow(
      'expected uint8 samples, got float32',
    );
    await expect(parsed().transform(matrixOf([1]))).rejects.toThrow('expected rows of 90 features, got 1');
    await expect(parsed().transform(images(2))).rejects.toThrow(
      'step 3, "standardize": standard-scaler: fitted on no rows',
    );
  });

  it('stops by the signal, leaves the step unfitted, and goes on in a second fit', async () => {
    const stop = new AbortController();
    const pipeline = parsed();
    const fit = pipeline.fit(() => [images(4), images(4)], {
      signal: stop.signal,
      onProgress: ({ step }) => step.startsWith('minmax') && stop.abort(new Error('stopped')),
    });
    await expect(fit).rejects.toThrow('stopped');
    expect(pipeline.steps.map(({ isFitted }) => isFitted)).toEqual([true, true, true, false, true]);
    const steps: string[] = [];
    await pipeline.fit(() => [images(8)], { onProgress: ({ step }) => steps.push(step) });
    expect(steps).toEqual(['minmax=per-pixel']);
  });

  it('refuses no rows with the step that had to learn, and hands on what a source throws', async () => {
    await expect(parsed().fit(() => [])).rejects.toThrow('step 3, "standardize": standard-scaler: fitted on no rows');
    const broken = parsed().fit(() => {
      throw new RangeError('no such shard');
    });
    await expect(broken).rejects.toThrow(new RangeError('no such shard'));
  });
});

describe('Pipeline, saved', () => {
  it('restores exactly, with any number of steps fitted, and goes on', async () => {
    const x = images(9);
    const states: string[] = [];
    const pipeline = parsed();
    states.push(JSON.stringify(pipeline));
    await pipeline.fit(() => [x], { onStepFitted: () => void states.push(JSON.stringify(pipeline)) });
    expect(states).toHaveLength(3);
    for (const state of states) {
      const restored = Pipeline.fromJSON(JSON.parse(state));
      expect(JSON.stringify(restored)).toBe(state);
      expect(restored.text).toBe(pipeline.text);
      await restored.fit(() => [x]);
      expect(await restored.transform(x)).toEqual(await pipeline.transform(x));
    }
  });

  it('refuses damaged states', async () => {
    const state = (await parsed().fit(() => [images(3)])).toJSON();
    const [first, second, third, fourth, fifth] = state['states'] as object[];
    for (const [damage, message] of [
      [{ steps: 'blur' }, 'state of pipeline: step 1, "blur": expected a step of'],
      [{ steps: 3 }, 'state of pipeline: steps: expected a text'],
      [{ inputShape: [6, 5] }, 'state of pipeline: step 1, "grayscale": expected images'],
      [{ inputType: 'uint16' }, 'inputType: expected uint8 or float32'],
      [{ states: [] }, 'states: expected 5, got 0'],
      [
        { states: [first, second, fourth, third, fifth] },
        'states: expected a standard-scaler for standardize, got a min',
      ],
      [{ states: [first, second, { kind: 'x' }, null, null] }, 'expected a transformer of kind'],
      [{ states: [first, second, { ...third, mean: [1], m2: [1] }, null, null] }, 'expected samples of 1 value'],
    ] as const) {
      expect(() => Pipeline.fromJSON({ ...state, ...damage })).toThrow(
        expect.objectContaining({ code: 'INVALID_STATE', message: expect.stringContaining(message) }),
      );
    }
  });
});
