/** Shared memory that a batch is copied into: one copy, in buffers that grow and stay. */
import type { Vector } from '@weft/native';
import type { Batch } from './replica.js';

type Name = 'inputs' | 'targets' | 'weights' | 'outputs';

/** One batch at a time: views are valid until the next call of the same method. */
export class SharedBatch {
  readonly #buffers = new Map<Name, SharedArrayBuffer>();

  /** The same batch in shared memory. */
  batch({ inputs, targets, weights, size }: Batch): Batch {
    const shared = { inputs: this.inputs(inputs), targets: this.#targets(targets), size };
    return weights === undefined ? shared : { ...shared, weights: this.#floats('weights', weights) };
  }

  /** The same inputs in shared memory. */
  inputs(inputs: Batch['inputs']): Batch['inputs'] {
    if (inputs instanceof Float32Array) return this.#floats('inputs', inputs);
    const view = new Uint8Array(this.#reserve('inputs', inputs.byteLength), 0, inputs.length);
    view.set(inputs);
    return view;
  }

  /** Room for outputs. */
  outputs(length: number): Vector {
    return new Float32Array(this.#reserve('outputs', length * Float32Array.BYTES_PER_ELEMENT), 0, length);
  }

  #targets(targets: Batch['targets']): Batch['targets'] {
    if (targets instanceof Float32Array) return this.#floats('targets', targets);
    const view = new Uint16Array(this.#reserve('targets', targets.byteLength), 0, targets.length);
    view.set(targets);
    return view;
  }

  #floats(name: Name, values: Float32Array): Float32Array {
    const view = new Float32Array(this.#reserve(name, values.byteLength), 0, values.length);
    view.set(values);
    return view;
  }

  #reserve(name: Name, bytes: number): SharedArrayBuffer {
    let buffer = this.#buffers.get(name);
    if (buffer === undefined || buffer.byteLength < bytes) {
      // Up to whole words: engines read uint8 values four at a time.
      buffer = new SharedArrayBuffer(Math.ceil(bytes / 4) * 4);
      this.#buffers.set(name, buffer);
    }
    return buffer;
  }
}
