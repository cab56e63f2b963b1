import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameDecoder } from '../src/frame-decoder.js';
import { encodeFrame, type FrameParts, frameBytes } from '../src/frame-encoder.js';
import type { Header } from '../src/header.js';
import { FrameFlag, FrameKind } from '../src/prefix.js';
import { ask, HANDSHAKE_BYTES, withLink } from './fault-link.js';
import { client, rawServer } from './pair.js';

const program = fileURLToPath(new URL('wire_decoder.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
const python = it.skipIf(!hasPython);
const why = hasPython ? '' : ' (skipped: there is no python3 here)';

interface DecodedFrame {
  readonly kind: number;
  readonly term: number;
  readonly request: number;
  readonly crc: boolean;
  readonly header: Header;
  readonly payloadBytes: number;
  readonly payloadSha256: string;
}

/** What the independent decoder makes of bytes. */
function decodedByPython(bytes: Uint8Array): { frames: DecodedFrame[]; refused: string } {
  const { stdout, stderr, status } = spawnSync('python3', ['-I', program], { input: bytes, maxBuffer: 64 * 1024 ** 2 });
  const frames = stdout.toString().split('\n').filter(Boolean);
  return { frames: frames.map((line) => JSON.parse(line) as DecodedFrame), refused: status === 0 ? '' : `${stderr}` };
}

/** What weft makes of them, in pieces of some length. */
function decodedByWeft(bytes: Uint8Array, pieceBytes: number): DecodedFrame[] {
  const frames: DecodedFrame[] = [];
  const decoder = new FrameDecoder({
    onFrame: ({ prefix, header, payload }) => {
      const { kind, term, request, flags } = prefix;
      frames.push({ kind, term, request, crc: (flags & FrameFlag.crc) !== 0, header, ...digest(payload) });
    },
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) decoder.write(bytes.subarray(at, at + pieceBytes));
  decoder.end();
  return frames;
}

function digest(payload: Uint8Array) {
  return { payloadBytes: payload.length, payloadSha256: createHash('sha256').update(payload).digest('hex') };
}

/** Bytes of no pattern, the same for a seed: xorshift32. */
function noise(length: number, seed: number): Uint8Array {
  let x = seed | 1;
  return Uint8Array.from({ length }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x;
  });
}

const key = fc.string({ unit: 'binary', maxLength: 40 }).filter((name) => name !== '__proto__');
const number = fc.oneof(
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.constantFrom(-1, -32, -33, -128, -129, -32_769, -(2 ** 31), -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    number,
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
}));
const parts: fc.Arbitrary<FrameParts> = fc
  .record({
    kind: fc.integer({ min: 0, max: 255 }),
    header: fc.option(fc.dictionary(key, value, { maxKeys: 40, noNullPrototype: true }), { nil: undefined }),
    term: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    request: fc.maxSafeNat(),
    crc: fc.boolean(),
    bytes: fc.oneof(
      fc.constantFrom(0, 1, 7, 8, 9),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ max: 100_000, min: 0 }),
    ),
    seed: fc.integer(),
  })
  .map(({ bytes, seed, ...rest }) => ({ ...rest, payload: noise(bytes, seed) }));

python(`Python reads exactly what weft wrote, and weft too${why}`, { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(
      fc.array(parts, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 70_000 }),
      (all, pieceBytes) => {
        const bytes = Buffer.concat(all.map((frame) => frameBytes(encodeFrame(frame))));
        const written = all.map(({ kind, term, request, crc, header = {}, payload }) => ({
          kind,
          term,
          request,
          crc,
          header,
          ...digest(payload as Uint8Array),
        }));
        expect(decodedByWeft(bytes, pieceBytes)).toEqual(written);
        expect(decodedByPython(bytes)).toEqual({ frames: written, refused: '' });
      },
    ),
    { numRuns: 12 },
  );
});

python(`Python reads what a connection puts on the wire${why}`, async () => {
  const { port, socket } = await rawServer();
  const connection = await client(port, { crc: true, heartbeatMs: 60_000, detectionMs: 60_000 });
  connection.term = 9;
  const far = await socket;
  let came = Buffer.alloc(0);
  far.on('data', (chunk) => {
    came = Buffer.concat([came, chunk]);
  });
  const send = noise(70_000, 5);
  const asked = expect(ask(connection, { send })).rejects.toMatchObject({ code: 'closed' });
  await connection.notify(200, { text: 'µ', deep: [{ a: [] }] });
  const closing = connection.close();
  await once(far, 'end');
  far.end();
  await Promise.all([asked, closing]);
  expect(decodedByPython(came)).toEqual({
    refused: '',
    frames: [
      { kind: 16, term: 9, request: 1, crc: true, header: { a: 1 }, ...digest(send) },
      { kind: 200, term: 9, request: 0, crc: true, header: { text: 'µ', deep: [{ a: [] }] }, ...digest(noise(0, 0)) },
      { kind: FrameKind.close, term: 0, request: 0, crc: false, header: {}, ...digest(noise(0, 0)) },
    ],
  });
});

python(`Python refuses a byte that was changed, wherever it is${why}`, () => {
  const frame = frameBytes(encodeFrame({ kind: 16, header: { a: 1 }, payload: noise(16, 3) }));
  for (const at of [0, 4, 20, 39, 41, 46, 50, 64]) {
    const changed = frame.slice();
    changed[at]! ^= 1;
    expect(decodedByPython(changed)).toMatchObject({ frames: [], refused: expect.stringMatching(/^refused: /) });
  }
  expect(decodedByPython(frame.subarray(0, 60)).refused).toContain('cut off');
});

it('counts what a link carries as the frames say', async () => {
  await withLink({}, async ({ near, proxy }) => {
    const frame = encodeFrame({ kind: 16, header: { a: 1 }, payload: new Uint8Array(1000), request: 1 });
    await ask(near);
    await proxy.up.forwarded(HANDSHAKE_BYTES + frame.bytes);
    await proxy.down.forwarded(HANDSHAKE_BYTES + frame.bytes);
    expect(frame.bytes).toBe(1056);
  });
});
