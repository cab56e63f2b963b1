import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../src/codec.js';
import { SafetensorsError } from '../src/errors.js';
import { dtypes, elementBytes, type Tensor, tensorView } from '../src/tensor.js';

const python = readFileSync(new URL('./fixtures/python.safetensors', import.meta.url));

const anyTensor = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const byteCount = shape.reduce((a, b) => a * b, 1) * elementBytes(dtype);
    return fc
      .uint8Array({ minLength: byteCount, maxLength: byteCount })
      .map((bytes): Tensor => tensorView(dtype, shape, bytes, { begin: 0, end: byteCount }));
  });
const anyName = fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__');
const bytesOf = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe('encodeSafetensors and decodeSafetensors', () => {
  it('read what the reference implementation wrote, and write the same bytes', () => {
    const { tensors, metadata } = decodeSafetensors(python);
    expect(metadata).toEqual({ source: 'safetensors 0.8.0' });
    expect(tensors).toEqual({
      f64: { dtype: 'F64', shape: [2], data: Float64Array.of(0.1, -2.5) },
      f32: { dtype: 'F32', shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) },
      f16: { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
      i64: { dtype: 'I64', shape: [2], data: BigInt64Array.of(-(2n ** 60n), 7n) },
      u64: { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 63n) },
      i32: { dtype: 'I32', shape: [1], data: Int32Array.of(-70000) },
      u32: { dtype: 'U32', shape: [1], data: Uint32Array.of(4000000000) },
      i16: { dtype: 'I16', shape: [3], data: Int16Array.of(-300, 300, 5) },
      u16: { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) },
      i8: { dtype: 'I8', shape: [3], data: Int8Array.of(-128, 127, 0) },
      u8: { dtype: 'U8', shape: [1, 3], data: Uint8Array.of(0, 255, 7) },
      scalar: { dtype: 'F32', shape: [], data: Float32Array.of(3.5) },
      empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
      'Gewicht/größe "1"': { dtype: 'U8', shape: [1], data: Uint8Array.of(1) },
    });
    expect(Buffer.concat(encodeSafetensors(tensors, metadata))).toEqual(python);
  });

  it('return what was put in, whatever the names, types and shapes', () => {
    const record = fc.dictionary(anyName, anyTensor, { maxKeys: 6 });
    const texts = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 3 });
    fc.assert(
      fc.property(record, texts, (tensors, metadata) => {
        const bytes = Buffer.concat(encodeSafetensors(tensors, metadata));
        const decoded = decodeSafetensors(bytes);
        expect(new Map(Object.entries(decoded.metadata))).toEqual(new Map(Object.entries(metadata)));
        expect(new Set(Object.keys(decoded.tensors))).toEqual(new Set(Object.keys(tensors)));
        for (const [name, tensor] of Object.entries(tensors)) {
          const got = decoded.tensors[name]!;
          expect([got.dtype, got.shape]).toEqual([tensor.dtype, tensor.shape]);
          expect(bytesOf(got).equals(bytesOf(tensor))).toBe(true);
        }
      }),
    );
  });

  it('copy nothing on the way out, and nothing on the way in', () => {
    const data = Float32Array.of(1, 2, 3).subarray(1);
    const [header, part] = encodeSafetensors({ w: { dtype: 'F32', shape: [2], data } });
    expect(part!.buffer).toBe(data.buffer);
    expect(header!.length % 8).toBe(0);
    const file = new Uint8Array(Buffer.concat([header!, part!]));
    expect(decodeSafetensors(file).tensors['w']!.data.buffer).toBe(file.buffer);
  });

  it('lay every tensor out aligned to its element, given names in any order', () => {
    const tensors: Record<string, Tensor> = {
      a: { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
      b: { dtype: 'F64', shape: [1], data: Float64Array.of(4) },
      c: { dtype: 'U16', shape: [1], data: Uint16Array.of(5) },
      d: { dtype: 'F32', shape: [1], data: Float32Array.of(6) },
    };
    const file = new Uint8Array(Buffer.concat(encodeSafetensors(tensors)));
    const decoded = decodeSafetensors(file).tensors;
    expect(decoded).toEqual(tensors);
    for (const { data } of Object.values(decoded)) expect(data.buffer).toBe(file.buffer);
  });

  it('read a file that lies misaligned in a larger buffer', () => {
    const shifted = new Uint8Array(python.length + 1);
    shifted.set(python, 1);
    expect(decodeSafetensors(shifted.subarray(1))).toEqual(decodeSafetensors(python));
  });

  it('keep names of Object.prototype', () => {
    const tensors = JSON.parse('{"__proto__":0}') as Record<string, unknown>;
    Object.defineProperty(tensors, '__proto__', {
      value: { dtype: 'U8', shape: [1], data: Uint8Array.of(9) },
      enumerable: true,
    });
    const decoded = decodeSafetensors(Buffer.concat(encodeSafetensors(tensors as Record<string, Tensor>)));
    expect(Object.keys(decoded.tensors)).toEqual(['__proto__']);
  });

  it('refuse every truncation of a file with a SafetensorsError', () => {
    for (let length = 0; length < python.length; length++) {
      expect(() => decodeSafetensors(python.subarray(0, length))).toThrow(SafetensorsError);
    }
  });

  it('give a SafetensorsError or a value for any bytes', () => {
    fc.assert(
      fc.property(fc.nat(python.length - 1), fc.nat(255), (at, value) => {
        const bytes = Uint8Array.from(python);
        bytes[at] = value;
        try {
          decodeSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('encodeSafetensors', () => {
  const one: Tensor = { dtype: 'U8', shape: [1], data: Uint8Array.of(1) };
  it('refuses reserved and ill-formed names and metadata that is no text', () => {
    expect(() => encodeSafetensors({ __metadata__: one })).toThrow(/"__metadata__" is reserved/);
    expect(() => encodeSafetensors({ '\ud800': one })).toThrow(/lone surrogate/);
    expect(() => encodeSafetensors({}, { k: '\udfff' })).toThrow(/metadata "k": expected well-formed text/);
    expect(() => encodeSafetensors({}, { k: 3 as unknown as string })).toThrow(/metadata "k"/);
    expect(() => encodeSafetensors({ w: { ...one, shape: [2] } })).toThrow(/tensor "w"/);
  });

  it('refuses a header above 100 MB', () => {
    expect(() => encodeSafetensors({}, { k: 'x'.repeat(100_000_000) })).toThrow(
      expect.objectContaining({ code: 'HEADER_TOO_LONG' }),
    );
  });

  it('writes an empty file of 16 bytes', () => {
    const bytes = Buffer.concat(encodeSafetensors({}));
    expect(bytes.length).toBe(16);
    expect(decodeSafetensors(bytes).tensors).toEqual({});
  });
});
