import { crc32c } from '@weft/native';
import fc from 'fast-check';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { FrameFlag, PREFIX_BYTES, padded, writePrefix } from '../src/prefix.js';

const PREFIX_CRC_AT = 36;

/** Numbers that lengths, counts and flags go wrong at. */
const edge = fc.constantFrom(0, 1, 7, 8, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff);
const word = fc.oneof(edge, fc.integer({ min: 0, max: 0xffffffff }));
const small = fc.uint8Array({ maxLength: 48 });

/** A value, or the first bytes of one, in msgpack: each type there is, with a count that may be right. */
const msgpackPiece: fc.Arbitrary<number[]> = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((type) => [type]),
  fc.tuple(fc.constantFrom(0xc4, 0xc7, 0xcc, 0xd0, 0xd4, 0xd9), edge).map(([type, n]) => [type, n & 255]),
  fc
    .tuple(fc.constantFrom(0xc5, 0xc8, 0xcd, 0xda, 0xdc, 0xde), word)
    .map(([type, n]) => [type, (n >> 8) & 255, n & 255]),
  fc
    .tuple(fc.constantFrom(0xc6, 0xc9, 0xca, 0xce, 0xdb, 0xdd, 0xdf), word)
    .map(([type, n]) => [type, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]),
  fc.constantFrom<number[]>(
    [0xa1, 0x61],
    [0xa9, ...Buffer.from('__proto__')],
    [0x81, 0xa1, 0x61],
    [0x91],
    [0xd4, 0x72, 0x40],
  ),
);

/** What may stand where a header is expected. */
export const garbageHeader: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 64 }),
  fc.array(msgpackPiece, { minLength: 1, maxLength: 16 }).map((pieces) => Uint8Array.from([0x82, ...pieces.flat()])),
  fc.integer({ min: 1, max: 300 }).map((depth) => new Uint8Array(depth).fill(0x91).fill(0x81, 0, 1)),
);

const validFrame: fc.Arbitrary<Uint8Array> = fc
  .record({
    kind: fc.oneof(fc.constantFrom(1, 2, 3, 4), fc.integer({ min: 16, max: 255 })),
    crc: fc.boolean(),
    term: word,
    request: fc.oneof(edge, fc.constant(Number.MAX_SAFE_INTEGER)),
    header: fc.constantFrom({}, { version: 3 }, { text: 'θ', deep: [[1], { a: null }] }),
    payload: small,
  })
  .map((o) => frameBytes(encodeFrame(o)));

/** A frame whose checksums are all right, and whose header is not. */
const garbageFrame: fc.Arbitrary<Uint8Array> = fc.tuple(garbageHeader, small).map(([header, payload]) => {
  const body = new Uint8Array(padded(header.length) + payload.length);
  body.set(header);
  body.set(payload, padded(header.length));
  const prefix = new Uint8Array(PREFIX_BYTES);
  writePrefix(prefix, {
    kind: 16,
    flags: FrameFlag.crc,
    term: 0,
    headerBytes: header.length,
    payloadBytes: payload.length,
    request: 1,
  });
  const crc = new Uint8Array(8);
  new DataView(crc.buffer).setUint32(0, crc32c(body), true);
  return Buffer.concat([prefix, body, crc]);
});

/** A frame with one word of its prefix changed, and the prefix's checksum made right again or not. */
const changedPrefix: fc.Arbitrary<Uint8Array> = fc
  .tuple(validFrame, fc.constantFrom(0, 4, 5, 6, 8, 12, 16, 20, 24, 28, 32, 36), word, fc.boolean())
  .map(([frame, at, value, right]) => {
    const bytes = Uint8Array.from(frame);
    const view = new DataView(bytes.buffer);
    if (at === 5) view.setUint8(at, value & 255);
    else view.setUint32(at, value, true);
    if (right) view.setUint32(PREFIX_CRC_AT, crc32c(bytes.subarray(0, PREFIX_CRC_AT)), true);
    return bytes;
  });

const flipped: fc.Arbitrary<Uint8Array> = fc
  .tuple(validFrame, fc.nat(), fc.integer({ min: 1, max: 255 }))
  .map(([frame, at, by]) => {
    const bytes = Uint8Array.from(frame);
    bytes[at % bytes.length]! ^= by;
    return bytes;
  });

const truncated = fc.tuple(validFrame, fc.nat()).map(([frame, at]) => frame.subarray(0, at % frame.length));

/** Two frames, the second's pieces put into the first. */
const reordered = fc.tuple(validFrame, validFrame, fc.nat(), fc.nat()).map(([first, second, at, from]) => {
  const cut = at % first.length;
  return Buffer.concat([first.subarray(0, cut), second.subarray(from % second.length), first.subarray(cut)]);
});

/** What a peer that is broken, or means it, may send where a frame is expected. */
export const fuzzedFrame: fc.Arbitrary<Uint8Array> = fc.oneof(
  changedPrefix,
  garbageFrame,
  flipped,
  truncated,
  reordered,
  fc.uint8Array({ maxLength: 200 }),
);

/** The same after none to two good frames, and where to cut the whole. */
export const fuzzedStream = fc.record({
  bytes: fc.tuple(fc.array(validFrame, { maxLength: 2 }), fuzzedFrame).map((parts) => Buffer.concat(parts.flat())),
  cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 3 }),
});
