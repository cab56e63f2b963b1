import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addon } from '@weft/native';
import { describe, expect, it } from 'vitest';
import { chooseEngine, createModel, createReplica, modelToJson } from '../src/index.js';
import { tf } from '../src/tf.js';

const native = addon();
/** A layer that no engine but tfjs knows. */
const softsign = modelToJson(
  tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], activation: 'softsign' })] }),
);

describe('chooseEngine', () => {
  it('takes native for auto where it is built, and says why in one line', () => {
    const { engine, reason } = chooseEngine();
    expect(engine).toBe(native.ok ? 'native' : 'tfjs');
    expect(reason).toMatch(native.ok ? 'the fastest here' : /^slow, but native is .*, tensorflow is /);
  });

  it('falls to tfjs for what native does not know, naming it', () => {
    const { engine, reason } = chooseEngine({ model: softsign });
    expect(engine).toBe('tfjs');
    if (native.ok) expect(reason).toContain('softsign');
    if (native.ok)
      expect(() => chooseEngine({ engine: 'native', model: softsign })).toThrow(/engine native cannot run.*softsign/);
  });

  it('takes what is asked for, and refuses what is not there, or unknown', () => {
    expect(chooseEngine({ engine: 'tfjs' })).toEqual({ engine: 'tfjs', reason: 'asked for' });
    if (!native.ok) expect(() => chooseEngine({ engine: 'native' })).toThrow('engine native is not built');
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
    const model = softsign;
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
    await expect(createReplica({ model, engine: 'tensorflow' })).rejects.toMatchObject({ code: 'engine-unavailable' });
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
