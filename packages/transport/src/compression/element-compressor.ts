import { add, axpy, clip } from '@weft/native';
import { expectCode, expectState, spaceFor } from './code-checks.js';
import type { ElementCodec } from './codec.js';
import type { MessageKind } from './message-kind.js';
import type { CompressionScheme, Compressor } from './scheme.js';

// Elements taken through all passes at once, a multiple of every codec's block: 64 KiB and their code stay in the second-level cache.
const CHUNK = 16_384;
const scratch = new Float32Array(CHUNK);

/** Calls visit with ranges of n elements, and of their code. */
function eachChunk(codec: ElementCodec, n: number, visit: (from: number, to: number, at: number, end: number) => void) {
  for (let from = 0, at = 0; from < n; from += CHUNK) {
    const to = Math.min(from + CHUNK, n);
    const end = at + codec.bytes(to - from);
    visit(from, to, at, end);
    at = end;
  }
}

/**
 * A scheme that sends every element, with error feedback for deltas: e ← g + e; send C(e); e ← e − C(e), in place.
 *
 * Beyond the codec's range p is held at its end (fp16: ±65504), and the residual keeps the rest.
 *
 * @example elementCompressor('int8', int8, 'delta')
 */
export function elementCompressor(scheme: CompressionScheme, codec: ElementCodec, message: MessageKind): Compressor {
  const remembers = message === 'delta' && scheme !== 'float32';
  return {
    scheme,
    message,
    bytes: (n) => codec.bytes(n),
    init: (n) => ({ residual: new Float32Array(remembers ? n : 0), velocity: new Float32Array(0) }),

    compress(g, state, out) {
      const n = g.length;
      expectState(scheme, state, { residual: remembers ? n : 0, velocity: 0 });
      const code = spaceFor(scheme, n, codec.bytes(n), out);
      if (!remembers) {
        codec.encode(g, code);
        return code.length;
      }
      eachChunk(codec, n, (from, to, at, end) => {
        const e = state.residual.subarray(from, to);
        const sent = scratch.subarray(0, to - from);
        add(g.subarray(from, to), e);
        if (codec.limit < Number.POSITIVE_INFINITY) clip(codec.limit, e, sent);
        codec.encode(codec.limit < Number.POSITIVE_INFINITY ? sent : e, code.subarray(at, end));
        codec.decode(code.subarray(at, end), sent);
        axpy(-1, sent, e);
      });
      return code.length;
    },

    decompress: (bytes, out) => codec.decode(bytes, out),

    addDecompressed(bytes, y) {
      // The codec judges a chunk; the whole is judged here, before y is touched.
      expectCode(scheme, y.length, codec.bytes(y.length), bytes.length);
      eachChunk(codec, y.length, (from, to, at, end) => {
        const sent = scratch.subarray(0, to - from);
        codec.decode(bytes.subarray(at, end), sent);
        add(sent, y.subarray(from, to));
      });
    },
  };
}
