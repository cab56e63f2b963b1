import { add, scale, type Vector } from '@weft/native';
import { bytesOf } from '../byte-view.js';
import type { ElementCodec } from '../compression/codec.js';
import { elementCodec } from '../compression/element-codec.js';
import { asFloat32 } from '../float32-view.js';
import { freshPayload } from '../payload-pool.js';
import type { Job, Reduction, Wire } from './executor.js';
import type { Receive, Send } from './program.js';

/** y ← max(x, y): NaN where either is, +0 above −0, so that the order of its operands does not show. */
function max(x: Vector, y: Vector): void {
  for (let i = 0; i < y.length; i++) y[i] = Math.max(x[i]!, y[i]!);
}

const REDUCTIONS: Readonly<Record<Reduction, (x: Vector, y: Vector) => void>> = { sum: add, max };

const FLOAT32 = elementCodec('float32');

/** The memory of one collective: its vector, and the encoded bytes of ranges on their way. What native/src/collectives/runner.cc does too. */
export class JobMemory {
  readonly #job: Job;
  /** Encoded bytes by the start of their range, kept so that they can be forwarded as they came. */
  readonly #encoded = new Map<number, Uint8Array>();

  constructor(job: Job) {
    this.#job = job;
  }

  /** The bytes to send: a view of the vector where the wire is float32. */
  outgoing({ start, end, encoding }: Send): Uint8Array {
    const range = this.#job.vector.subarray(start, end);
    const codec = this.#codec(encoding === 'plain');
    if (codec === FLOAT32) return bytesOf(range);
    if (encoding === 'forward') return this.#encoded.get(start)!;
    const bytes = this.#place(start, codec.bytes(range.length));
    codec.encode(range, bytes);
    if (encoding === 'keep') codec.decode(bytes, range);
    return bytes;
  }

  /** Where the bytes of a receive belong. */
  incoming({ start, end, action, plain }: Receive): Uint8Array {
    const codec = this.#codec(plain);
    const bytes = codec.bytes(end - start);
    if (action === 'reduce') return freshPayload(bytes);
    if (codec === FLOAT32) return bytesOf(this.#job.vector.subarray(start, end));
    return this.#place(start, bytes);
  }

  /** Puts what came into the vector. */
  apply({ start, end, action, plain, last }: Receive, bytes: Uint8Array): void {
    const { vector, op, factor } = this.#job;
    const range = vector.subarray(start, end);
    const codec = this.#codec(plain);
    if (action === 'reduce') {
      REDUCTIONS[op](this.#decoded(codec, bytes, range.length), range);
      if (last && factor !== 1) scale(factor, range);
    } else if (codec !== FLOAT32) {
      codec.decode(bytes, range);
    }
  }

  /** What came, as float32: in its place where it was sent so. */
  #decoded(codec: ElementCodec, bytes: Uint8Array, elements: number): Vector {
    if (codec === FLOAT32) return asFloat32(bytes);
    const values = new Float32Array(elements);
    codec.decode(bytes, values);
    return values;
  }

  #codec(plain: boolean): ElementCodec {
    const wire: Wire = plain ? 'float32' : this.#job.wire;
    return elementCodec(wire);
  }

  #place(start: number, bytes: number): Uint8Array {
    const place = this.#encoded.get(start) ?? new Uint8Array(bytes);
    this.#encoded.set(start, place);
    return place;
  }
}
