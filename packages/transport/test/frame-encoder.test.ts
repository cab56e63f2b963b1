import { crc32c } from '@weft/native';
import { describe, expect, it } from 'vitest';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { DEFAULT_LIMITS } from '../src/limits.js';

describe('encodeFrame', () => {
  it('does not copy the payload', () => {
    const values = Float32Array.of(1, 2, 3);
    const frame = encodeFrame({ kind: 16, payload: values.subarray(1) });
    expect(frame.payload.buffer).toBe(values.buffer);
    expect(frame.payload.byteOffset).toBe(4);
    expect(frame.payload.byteLength).toBe(8);
  });

  it('pads the header and ends with the checksum of header and payload', () => {
    const bytes = frameBytes(encodeFrame({ kind: 16, header: { a: 1 }, payload: Uint8Array.of(9, 9, 9) }));
    expect(bytes).toHaveLength(40 + 8 + 3 + 8);
    expect([...bytes.subarray(40, 51)]).toEqual([0x81, 0xa1, 0x61, 1, 0, 0, 0, 0, 9, 9, 9]);
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(12, true)).toBe(4);
    expect(view.getUint32(51, true)).toBe(crc32c(bytes.subarray(40, 51)));
    expect(view.getUint32(55, true)).toBe(0);
  });

  it('has no checksum where none is asked for', () => {
    const frame = encodeFrame({ kind: 16, crc: false });
    expect(frame.bytes).toBe(40);
    expect(frame.own[6]).toBe(0);
  });

  it('refuses a payload above the limit', () => {
    const limits = { ...DEFAULT_LIMITS, maxPayloadBytes: 7 };
    expect(() => encodeFrame({ kind: 16, payload: new Float64Array(1), limits })).toThrow(
      'frame payload: at most 7 bytes expected, got 8',
    );
  });
});
