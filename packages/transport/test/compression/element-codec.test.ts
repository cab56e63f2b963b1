import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ElementCodecName, elementCodec } from '../../src/compression/element-codec.js';
import { oneBit } from '../../src/compression/one-bit.js';
import { codeOf, gradient, hex, sequence } from './vectors.js';

const names: ElementCodecName[] = ['float32', 'fp16', 'bf16', 'int8'];
const codecs = [...names.map(elementCodec), oneBit];

describe.each(codecs.map((codec) => [codec.name, codec] as const))('%s', (name, codec) => {
  it('is found by its name', () => {
    if (name !== '1-bit') expect(elementCodec(name as ElementCodecName)).toBe(codec);
  });

  it.each([0, 1, 7, 255, 256, 257, 511, 512, 513, 1000])('of %i elements has the bytes that it says', (n) => {
    const x = gradient(n, sequence(n + 1));
    const bytes = new Uint8Array(codec.bytes(n));
    codec.encode(x, bytes);
    const back = new Float32Array(n);
    codec.decode(bytes, back);
    const [last, largest] = [back.at(-1), x.reduce((m, v) => Math.max(m, Math.abs(v)), 0)];
    if (n > 0) expect(Math.abs(last!)).toBeLessThanOrEqual(largest * 1.01);
    for (const wrong of [codec.bytes(n) - 1, codec.bytes(n) + 1]) {
      if (wrong < 0) continue;
      back.fill(7);
      expect(codeOf(() => codec.decode(new Uint8Array(wrong), back))).toBe('protocol');
      expect(back.every((v) => v === 7)).toBe(true);
      expect(codeOf(() => codec.encode(x, new Uint8Array(wrong)))).toBe('configuration');
    }
  });

  it('the code of a whole is that of its blocks, one after another', () => {
    const x = gradient(2000, sequence(3));
    const at = 2 * codec.blockElements;
    const [whole, parts] = [new Uint8Array(codec.bytes(2000)), new Uint8Array(codec.bytes(2000))];
    codec.encode(x, whole);
    codec.encode(x.subarray(0, at), parts.subarray(0, codec.bytes(at)));
    codec.encode(x.subarray(at), parts.subarray(codec.bytes(at)));
    expect(hex(parts)).toBe(hex(whole));
  });

  it('any bytes of the right length decode, to what encodes to the same length', () => {
    fc.assert(
      fc.property(fc.nat(600), fc.uint8Array({ minLength: 2400, maxLength: 2400 }), (n, noise) => {
        const out = new Float32Array(n);
        codec.decode(noise.slice(0, codec.bytes(n)), out);
        codec.encode(out, new Uint8Array(codec.bytes(n)));
      }),
      { numRuns: 300 },
    );
  });
});
