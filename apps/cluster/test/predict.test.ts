import { createReplica, loadModel } from '@weft/models';
import { describe, expect, it } from 'vitest';
import { type Prediction, predict } from '../src/predict.js';
import { finishedRun, imageFiles, rowImage, rowPipeline } from './finished-run.js';

async function all(run: string, images: readonly string[], top?: number): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for await (const prediction of predict(run, images, top === undefined ? {} : { top })) predictions.push(prediction);
  return predictions;
}

describe('predict', { timeout: 60_000 }, () => {
  it('says the classes of pixels, normalised as for training, the best first', async () => {
    const at = imageFiles({ 'a.png': rowImage(2), 'b.png': rowImage(0) });
    const [lower, upper] = await all(await finishedRun(), [at('a.png'), at('b.png')]);
    // e⁴ / (e⁴ + 2): four pixels of 1 in the row of the class.
    const [best, other] = [Math.exp(4) / (Math.exp(4) + 2), 1 / (Math.exp(4) + 2)];
    expect(lower).toEqual({
      image: at('a.png'),
      classes: [
        { label: 2, name: 'lower', probability: expect.closeTo(best, 5) },
        { label: 0, name: 'upper', probability: expect.closeTo(other, 5) },
        { label: 1, name: 'middle', probability: expect.closeTo(other, 5) },
      ],
    });
    expect(upper).toMatchObject({ image: at('b.png'), classes: [{ name: 'upper' }, { name: 'middle' }, {}] });
  });

  it('makes of a photograph what the pipeline made of the data set', async () => {
    const pipeline = await rowPipeline();
    const at = imageFiles({ 'wide.png': rowImage(1, { side: 32, channels: 3 }) });
    const run = await finishedRun({ pipeline });
    const [prediction] = await all(run, [at('wide.png')], 1);
    // The same by hand: at 8 × 8 rows 2 and 3 are white.
    const pixels = Uint8Array.from({ length: 192 }, (_, i) => (Math.floor(i / 48) === 1 ? 255 : 0));
    const { values } = await pipeline.transform({ values: pixels, rows: 1, features: 192 });
    const replica = await createReplica({ model: await loadModel(`${run}/model/model.json`) });
    const outputs = await replica.predict({ inputs: values as Float32Array, size: 1 });
    replica.dispose();
    const { classes } = prediction as Extract<Prediction, { classes: unknown }>;
    expect(classes).toHaveLength(1);
    expect(classes[0]?.name).toBe('middle');
    // The photograph is scaled down, with softer edges.
    expect(classes[0]?.probability).toBeCloseTo(outputs[1]!, 1);
  });

  it('names what cannot be read, and predicts the others', async () => {
    const good = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i}.png`, rowImage(i % 3)]));
    const at = imageFiles({ ...good, 'cut.png': rowImage(1).subarray(0, 60), 'text.png': 'hello' });
    const names = [...Object.keys(good).slice(0, 7), 'cut.png', 'none.png', 'text.png', ...Object.keys(good).slice(7)];
    const predictions = await all(await finishedRun(), [...names.map(at), 'ftp://host/x.png']);
    expect(predictions.map(({ image }) => image)).toEqual([...names.map(at), 'ftp://host/x.png']);
    const errors = predictions.flatMap((p) => ('error' in p ? [p.error.message] : []));
    expect(errors).toEqual([
      expect.stringMatching(/cut\.png: cannot decode the image: /),
      expect.stringMatching(/cannot read .*none\.png: ENOENT/),
      expect.stringMatching(/text\.png: expected an image .*, got bytes 68656c6c6f …/),
      expect.stringContaining('ftp://host/x.png'),
    ]);
    const found = predictions.flatMap((p) => ('classes' in p ? [p.classes[0]?.label] : []));
    expect(found).toEqual(Array.from({ length: 12 }, (_, i) => i % 3));
  });

  it('stops at a signal', async () => {
    const stopped = predict(await finishedRun(), [], { signal: AbortSignal.abort() });
    await expect(stopped.next()).rejects.toMatchObject({ code: 'interrupted' });
  });
});
