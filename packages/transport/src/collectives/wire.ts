import { fromBfloat, fromHalf, fromInt8, toBfloat, toHalf, toInt8 } from '@weft/native';
import type { Wire } from './executor.js';

const BLOCK = 256;
export interface ElementCodec {
  bytes(n: number): number;
  encode(x: Float32Array, out: Uint8Array): void;
  decode(bytes: Uint8Array, out: Float32Array): void;
}
const u16 = (b: Uint8Array, n: number) =>
  b.byteOffset % 2 === 0 ? new Uint16Array(b.buffer, b.byteOffset, n) : new Uint16Array(b.slice(0, 2 * n).buffer);
export const CODECS: Record<Wire, ElementCodec> = {
  float32: {
    bytes: (n) => 4 * n,
    encode: (x, o) => o.set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength)),
    decode: (b, o) => new Uint8Array(o.buffer, o.byteOffset, o.byteLength).set(b),
  },
  fp16: {
    bytes: (n) => 2 * n,
    encode: (x, o) => toHalf(x, u16(o, x.length)),
    decode: (b, o) => fromHalf(u16(b, o.length), o),
  },
  bf16: {
    bytes: (n) => 2 * n,
    encode: (x, o) => toBfloat(x, u16(o, x.length)),
    decode: (b, o) => fromBfloat(u16(b, o.length), o),
  },
  int8: {
    bytes: (n) => n + 4 * Math.ceil(n / BLOCK),
    encode: (x, o) => {
      const v = new DataView(o.buffer, o.byteOffset);
      for (let i = 0, at = 0; i < x.length; i += BLOCK, at += 4 + BLOCK) {
        const part = x.subarray(i, i + BLOCK);
        v.setFloat32(at, toInt8(part, new Int8Array(o.buffer, o.byteOffset + at + 4, part.length)), true);
      }
    },
    decode: (b, out) => {
      const v = new DataView(b.buffer, b.byteOffset);
      for (let i = 0, at = 0; i < out.length; i += BLOCK, at += 4 + BLOCK) {
        const part = out.subarray(i, i + BLOCK);
        fromInt8(v.getFloat32(at, true), new Int8Array(b.buffer, b.byteOffset + at + 4, part.length), part);
      }
    },
  },
};
