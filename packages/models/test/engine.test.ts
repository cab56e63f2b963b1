import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseEngine, createModel, createReplica } from '../src/index.js';
import { tf } from '../src/tf.js';

describe('chooseEngine', () => {
  it('takes tfjs for auto, and says why in one line', () => {
    expect(chooseEngine()).toEqual({
      engine: 'tfjs',
      reason: 'tfjs (slow): native is not built here, tensorflow is not set up here (npm run setup -- --tensorflow)',
    });
    expect(chooseEngine({ engine: 'tfjs' })).toEqual({ engine: 'tfjs', reason: 'tfjs: asked for' });
  });

  it('refuses an engine that is not built here, and an unknown one', () => {
    expect(() => chooseEngine({ engine: 'native' })).toThrow('engine native is not built here; tfjs always works');
    expect(() => chooseEngine({ engine: 'tensorflow' })).toThrow('engine tensorflow is not set up here');
    expect(() => chooseEngine({ engine: 'cuda' as 'native' })).toThrow(
      'one of auto, native, tensorflow, tfjs expected, got cuda',
    );
  });
});

describe('createReplica', () => {
  it('with auto goes on to the next engine where a library is there but does not load', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'weft-test-'));
    const lib = join(dir, 'node_modules', '@tensorflow', 'tfjs-node', 'lib', 'napi-v8');
    await mkdir(lib, { recursive: true });
    await writeFile(join(lib, 'tfjs_binding.node'), 'not an addon');
    await writeFile(join(lib, '..', '..', 'package.json'), '{ "name": "@tensorflow/tfjs-node" }');
    const model = createModel('mlp', { seed: 1, inputShape: [2, 2, 1], classes: 2 });
    const replica = await createReplica({ model, tensorflowDir: dir });
    expect(replica.engine).toMatch(/^tfjs-/);
    replica.dispose();
    await expect(createReplica({ model, engine: 'tensorflow', tensorflowDir: dir })).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: /^engine tensorflow: @tensorflow\/tfjs-node in .* does not load: /,
    });
    await rm(dir, { recursive: true });
  }, 60_000);

  it('refuses an engine that is not built, a loss that does not fit, and constraints', async () => {
    const model = createModel('mlp', { seed: 1, inputShape: [2, 2, 1], classes: 2 });
    await expect(createReplica({ model, engine: 'native' })).rejects.toMatchObject({ code: 'engine-unavailable' });
    await expect(createReplica({ model, loss: 'binary-crossentropy' })).rejects.toMatchObject({ code: 'unsupported' });
    const kernelConstraint = tf.constraints.nonNeg();
    const constrained = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], kernelConstraint })] });
    await expect(createReplica({ model: constrained })).rejects.toThrow(/without constraints expected/);
    const single = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
    await expect(createReplica({ model: single, loss: 'categorical-crossentropy' })).rejects.toThrow(
      /one row of classes expected, got \[1\]/,
    );
  });
});
