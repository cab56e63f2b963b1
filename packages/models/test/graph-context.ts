/** A layer's context for tests that look at the ops it writes. */
import { GraphBuilder } from '../src/tensorflow-graph.js';
import type { LayerContext, LayerTensor } from '../src/tensorflow-layer.js';

export function contextOf(o: {
  className?: string;
  config?: Record<string, unknown>;
  shapes: number[][];
  weights?: Record<string, number[]>;
  training?: boolean;
}): LayerContext & { updates: string[] } {
  const graph = new GraphBuilder();
  const input = (shape: number[], i: number): LayerTensor => ({
    ref: graph.placeholder(`x${i}`, 'float32', [-1, ...shape]),
    shape,
    trained: true,
  });
  const updates: string[] = [];
  return {
    graph,
    name: 'layer',
    className: o.className ?? 'Layer',
    config: o.config ?? {},
    inputs: o.shapes.map(input),
    training: o.training ?? true,
    seed: { step: () => graph.placeholder('seed', 'int32', []), layer: 3 },
    weight: (name) => {
      const shape = o.weights?.[name];
      return shape && { ref: name, shape, trained: !name.startsWith('moving') };
    },
    update: (name) => updates.push(name),
    updates,
  };
}

export const opsOf = ({ graph }: { graph: GraphBuilder }) =>
  graph.nodes.map(({ op }) => op).filter((op) => op !== 'Placeholder' && op !== 'Const');
