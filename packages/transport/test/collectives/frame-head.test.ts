import { expect, it } from 'vitest';
import { collectiveHead, headOf } from '../../src/collectives/frame-head.js';
import { encodeFrame, frameBytes } from '../../src/frame-encoder.js';
import { FrameKind } from '../../src/prefix.js';

it('makes the head of the frame that the encoder makes', () => {
  const header = { collective: 'barrier', elements: 12 };
  const shape = collectiveHead({ sequence: 9, term: 3, header, crc: true });
  const payload = new Float32Array(12);
  const frame = encodeFrame({ kind: FrameKind.collective, header, payload, term: 3, request: 9 });
  const head = headOf(shape, payload.byteLength);
  expect(head).toEqual(frameBytes(frame).subarray(0, head.length));
});
