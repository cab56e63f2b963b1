import { describe, expect, it } from 'vitest';
import { activateLayer, layerActivation } from '../src/tensorflow-activate.js';
import { contextOf, opsOf } from './graph-context.js';

describe('activateLayer', () => {
  it('adds a bias, activates, and gives dz and the gradient of the bias', () => {
    const c = contextOf({ shapes: [[2]], config: { activation: 'relu', use_bias: true }, weights: { bias: [3] } });
    const { ref, backward } = activateLayer(c, 'product');
    expect([ref, backward('dy')]).toEqual(['Relu', { dz: 'ReluGrad', weights: { bias: 'BiasAddGrad' } }]);
    expect(opsOf(c)).toEqual(['BiasAdd', 'Relu', 'ReluGrad', 'BiasAddGrad']);
  });

  it('leaves out a bias that the layer does not use', () => {
    const c = contextOf({ shapes: [[2]], config: { activation: 'linear', use_bias: false } });
    const { ref, backward } = activateLayer(c, 'product');
    expect([ref, backward('dy')]).toEqual(['product', { dz: 'dy', weights: {} }]);
  });

  it('names an activation that it does not know', () => {
    const c = contextOf({ className: 'Dense', shapes: [[2]], config: { activation: 'mish' } });
    expect(() => layerActivation(c)).toThrow('layer layer (Dense): activation mish is not written as a graph');
  });
});
