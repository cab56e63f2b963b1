import { crc32c } from '@weft/native';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransportError } from '../src/errors.js';
import { asFloat32 } from '../src/float32-view.js';
import { type Frame, FrameDecoder } from '../src/frame-decoder.js';
import { encodeFrame, type FrameParts, frameBytes } from '../src/frame-encoder.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { freshPayload } from '../src/payload-pool.js';

const limits = { ...DEFAULT_LIMITS, maxHeaderBytes: 512, maxPayloadBytes: 4096 };

const parts: fc.Arbitrary<FrameParts> = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  header: fc.dictionary(
    fc.string({ maxLength: 5 }).filter((k) => k !== '__proto__'),
    fc.integer(),
    {
      maxKeys: 4,
      noNullPrototype: true,
    },
  ),
  payload: fc.uint8Array({ maxLength: 100 }),
  term: fc.nat(),
  request: fc.maxSafeNat(),
  crc: fc.boolean(),
});

function collect(): { frames: Frame[]; decoder: FrameDecoder } {
  const frames: Frame[] = [];
  return { frames, decoder: new FrameDecoder({ limits, onFrame: (frame) => frames.push(frame) }) };
}

/** The error that an input ends in, if any; says when there is a second one, or memory above the limit. */
function fate(input: Uint8Array, cut: number): TransportError | undefined {
  const decoder = new FrameDecoder({
    limits,
    onFrame: () => {},
    place: ({ payloadBytes }) => {
      expect(payloadBytes).toBeLessThanOrEqual(limits.maxPayloadBytes);
      return freshPayload(payloadBytes);
    },
  });
  try {
    decoder.write(input.subarray(0, cut));
    decoder.write(input.subarray(cut));
    decoder.end();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TransportError);
    if ((error as TransportError).code !== 'lost') expect(() => decoder.write(input)).toThrow(error as TransportError);
    return error as TransportError;
  }
}

describe('FrameDecoder', () => {
  it('gives back frames, cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(parts, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }),
        (sent, cuts) => {
          const stream = Buffer.concat(sent.map((part) => frameBytes(encodeFrame(part))));
          const { frames, decoder } = collect();
          for (let at = 0, i = 0; at < stream.length; i++) {
            const n = cuts[i % cuts.length]!;
            decoder.write(stream.subarray(at, at + n));
            at += n;
          }
          decoder.end();
          expect(frames.map((f) => ({ ...f.prefix, header: f.header, payload: [...f.payload] }))).toEqual(
            sent.map((part) => ({
              kind: part.kind,
              flags: part.crc ? 1 : 0,
              term: part.term,
              request: part.request,
              headerBytes: expect.any(Number),
              payloadBytes: part.payload!.byteLength,
              header: part.header,
              payload: [...(part.payload as Uint8Array)],
            })),
          );
        },
      ),
    );
  });

  it('takes a cut at every byte', () => {
    const stream = frameBytes(
      encodeFrame({ kind: 16, header: { a: 1 }, payload: Float32Array.of(1, 2, 3), request: 9 }),
    );
    for (let cut = 0; cut <= stream.length; cut++) {
      const { frames, decoder } = collect();
      decoder.write(stream.subarray(0, cut));
      expect(frames).toHaveLength(cut === stream.length ? 1 : 0);
      decoder.write(stream.subarray(cut));
      expect([...asFloat32(frames[0]!.payload)]).toEqual([1, 2, 3]);
    }
  });

  it('hands payloads out aligned to 8, whatever stood before them', () => {
    const sent = [3, 5, 8, 1].map((n) =>
      frameBytes(encodeFrame({ kind: 16, header: { n }, payload: new Uint8Array(n) })),
    );
    const { frames, decoder } = collect();
    decoder.write(Buffer.concat(sent));
    expect(frames.map((f) => f.payload.byteOffset % 8)).toEqual([0, 0, 0, 0]);
  });

  it('reads straight into the place that it is given', () => {
    const place = new Uint8Array(16);
    const frames: Frame[] = [];
    const decoder = new FrameDecoder({ onFrame: (frame) => frames.push(frame), place: () => place });
    const sent = frameBytes(encodeFrame({ kind: 16, payload: Float64Array.of(1, 2) }));
    decoder.write(sent.subarray(0, 40));
    expect(decoder.receiving).toMatchObject({ receivedBytes: 0 });
    const first = decoder.space(10)!;
    expect(first.buffer).toBe(place.buffer);
    expect(first).toHaveLength(10);
    first.set(sent.subarray(40, 50));
    decoder.filled(10);
    expect(decoder.receiving).toMatchObject({ receivedBytes: 10 });
    const second = decoder.space(10)!;
    expect(second.byteOffset).toBe(10);
    second.set(sent.subarray(50, 56));
    decoder.filled(6);
    const rest = decoder.space(10)!;
    expect(rest.buffer).not.toBe(place.buffer);
    rest.set(sent.subarray(56));
    decoder.filled(8);
    expect(frames[0]!.payload).toBe(place);
    expect(decoder.stats).toEqual({ receivedFrames: 1, receivedBytes: sent.length, copiedBytes: 0 });
    decoder.stop();
    expect(decoder.space(10)).toBeUndefined();
  });

  it('throws payloads away where there is no place, and goes on', () => {
    const frames: Frame[] = [];
    const decoder = new FrameDecoder({
      onFrame: (frame) => frames.push(frame),
      place: ({ kind }) => (kind === 16 ? undefined : new Uint8Array(4)),
    });
    decoder.write(frameBytes(encodeFrame({ kind: 16, payload: new Uint8Array(4) })));
    decoder.write(frameBytes(encodeFrame({ kind: 17, payload: new Uint8Array(4) })));
    expect(frames.map((f) => [f.discarded, f.payload.length])).toEqual([
      [true, 0],
      [false, 4],
    ]);
  });

  it('lets go of a place in the middle of a payload', () => {
    const place = new Uint8Array(8);
    const frames: Frame[] = [];
    const decoder = new FrameDecoder({ onFrame: (frame) => frames.push(frame), place: () => place });
    const sent = frameBytes(encodeFrame({ kind: 16, payload: new Uint8Array(8).fill(1) }));
    decoder.write(sent.subarray(0, 44));
    decoder.discard();
    decoder.write(sent.subarray(44));
    expect([...place]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(frames[0]!.discarded).toBe(true);
  });

  it('takes nothing after stop(), not even of the same chunk', () => {
    let count = 0;
    const decoder: FrameDecoder = new FrameDecoder({
      onFrame: () => {
        count++;
        decoder.stop();
      },
    });
    const one = frameBytes(encodeFrame({ kind: 16 }));
    decoder.write(Buffer.concat([one, one]));
    expect(count).toBe(1);
  });

  it('refuses a header that is no plain map, and bytes after it', () => {
    const bad = encodeFrame({ kind: 16, header: { a: 1 }, crc: false });
    bad.own[40] = 0x91;
    expect(fate(frameBytes(bad), 0)).toMatchObject({ code: 'header' });
    const dirty = encodeFrame({ kind: 16, header: { a: 1 }, crc: false });
    dirty.own[47] = 1;
    expect(fate(frameBytes(dirty), 0)).toMatchObject({ code: 'protocol' });
  });

  it('says what a frame that is cut short lacks', () => {
    const sent = frameBytes(encodeFrame({ kind: 16, payload: new Uint8Array(100) }));
    expect(fate(sent.subarray(0, 60), 0)).toMatchObject({
      code: 'lost',
      message: 'frame payload: 100 bytes expected, the end came after 20',
    });
  });

  describe('under 20,000 bad inputs, each ending in one error', () => {
    const frame = fc
      .tuple(parts, parts)
      .map((both) => Buffer.concat(both.map((part) => frameBytes(encodeFrame({ ...part, crc: true })))));

    it('random bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(200), (input, cut) => {
          expect(fate(input, cut)).toBeDefined();
        }),
        { numRuns: 7000 },
      );
    });

    it('real frames with a byte changed, taken out, put in, or cut off', () => {
      const change = fc.constantFrom('flip', 'remove', 'insert', 'cut');
      fc.assert(
        fc.property(
          frame,
          change,
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          fc.nat(300),
          (real, how, where, by, cut) => {
            const at = where % real.length;
            const flipped = Buffer.from(real);
            flipped[at] = flipped[at]! ^ by;
            const input = {
              flip: flipped,
              remove: Buffer.concat([real.subarray(0, at), real.subarray(at + 1)]),
              insert: Buffer.concat([real.subarray(0, at), Buffer.of(by), real.subarray(at)]),
              cut: real.subarray(0, Math.max(1, at)),
            }[how];
            // A cut may fall between the two frames: then what is left is sound.
            const error = fate(input, cut);
            if (how !== 'cut' || error !== undefined) expect(error).toBeDefined();
            else expect(fate(Buffer.concat([input, Buffer.of(0)]), cut)).toBeDefined();
          },
        ),
        { numRuns: 7000 },
      );
    });

    it('real frames with a field changed and its prefix checksum made good', () => {
      const fields = [
        { at: 0, bytes: 4 },
        { at: 4, bytes: 1 },
        { at: 6, bytes: 2 },
        { at: 12, bytes: 4 },
        { at: 16, bytes: 8 },
        { at: 32, bytes: 4 },
      ];
      fc.assert(
        fc.property(
          parts,
          fc.constantFrom(...fields),
          fc.nat(7),
          fc.integer({ min: 1, max: 255 }),
          (part, field, which, by) => {
            const input = frameBytes(encodeFrame({ ...part, crc: true }));
            const at = field.at + (which % field.bytes);
            input[at] = input[at]! ^ by;
            new DataView(input.buffer).setUint32(36, crc32c(input.subarray(0, 36)), true);
            expect(fate(input, 40)).toBeDefined();
          },
        ),
        { numRuns: 7000 },
      );
    });
  });
});
