import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../src/connection.js';
import { TransportError } from '../src/errors.js';
import { type Frame, FrameDecoder } from '../src/frame-decoder.js';
import { decodeHeader } from '../src/header.js';
import { resolveLimits } from '../src/limits.js';
import { freshPayload } from '../src/payload-pool.js';
import { fuzzedFrame, fuzzedStream, garbageHeader } from './fuzzed-bytes.js';
import { authenticate, client, gate, rawSocket, server } from './pair.js';

const LIMITS = resolveLimits({ maxHeaderBytes: 256, maxPayloadBytes: 4096 });
const FRAME_CODES = new Set(['protocol', 'checksum', 'version', 'limit', 'header']);

function expectOneLine(error: unknown, codes: ReadonlySet<string>): void {
  // Plain conditions: matchers would take most of the time of 100,000 runs.
  if (!(error instanceof TransportError)) throw new Error('a TransportError expected', { cause: error });
  if (!codes.has(error.code)) throw new Error(`one of ${[...codes].join()} expected, got ${error.code}`);
  if (error.message === '' || error.message.length > 400 || error.message.includes('\n')) {
    throw new Error(`one line expected, got ${JSON.stringify(error.message)}`);
  }
}

/** Runs bytes through a decoder; counts what it asked memory for. */
function decode(bytes: Uint8Array, cuts: readonly number[]): { error: unknown; placed: number; frames: Frame[] } {
  const frames: Frame[] = [];
  let placed = 0;
  const decoder = new FrameDecoder({
    limits: LIMITS,
    onFrame: (frame) => void frames.push(frame),
    place: ({ payloadBytes }) => {
      placed += payloadBytes;
      if (payloadBytes > LIMITS.maxPayloadBytes) throw new Error(`a place of ${payloadBytes} bytes was asked for`);
      return freshPayload(payloadBytes);
    },
  });
  const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
  let at = 0;
  try {
    for (const end of ends) {
      // One way of reading as the other: straight into place where there is one, else by a chunk.
      for (let space = decoder.space(end - at); space !== undefined && at < end; space = decoder.space(end - at)) {
        space.set(bytes.subarray(at, at + space.length));
        at += space.length;
        decoder.filled(space.length);
      }
      decoder.write(bytes.subarray(at, end));
      at = end;
    }
  } catch (error) {
    let again: unknown;
    try {
      decoder.write(Uint8Array.of(1));
    } catch (repeated) {
      again = repeated;
    }
    if (again !== error) throw new Error('the same error expected again', { cause: again });
    return { error, placed, frames };
  }
  try {
    decoder.end();
  } catch (error) {
    expectOneLine(error, new Set(['lost']));
  }
  return { error: undefined, placed, frames };
}

describe('100,000 frames', () => {
  it('that are wrong in one place, or in all, end in one clear error each, within the limits of memory', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(fuzzedStream, ({ bytes, cuts }) => {
        const { error, placed, frames } = decode(bytes, cuts);
        if (error !== undefined) expectOneLine(error, FRAME_CODES);
        const code = error instanceof TransportError ? error.code : 'none';
        seen.set(code, (seen.get(code) ?? 0) + 1);
        // A stream asks for no more than its complete frames hold and one place that is still to be filled.
        const whole = frames.reduce((sum, frame) => sum + frame.payload.length, 0);
        if (placed - whole > LIMITS.maxPayloadBytes) throw new Error(`${placed - whole} bytes for one frame`);
      }),
      { numRuns: 90_000 },
    );
    // The fuzzer reaches every way to end.
    expect(new Set(seen.keys())).toEqual(new Set([...FRAME_CODES, 'none']));
  }, 60_000);

  it('give the same, cut anywhere', () => {
    fc.assert(
      fc.property(fuzzedStream, ({ bytes, cuts }) => {
        const whole = decode(bytes, []);
        const cut = decode(bytes, cuts);
        expect(String(cut.error)).toBe(String(whole.error));
        expect(cut.frames).toEqual(whole.frames);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it('with headers of any bytes: a plain map or one error', () => {
    fc.assert(
      fc.property(garbageHeader, (bytes) => {
        try {
          const header = decodeHeader(bytes);
          if (Object.getPrototypeOf(header) !== Object.prototype) throw new Error('a plain map expected');
          expectPlain(header);
        } catch (error) {
          expectOneLine(error, new Set(['header']));
        }
      }),
      { numRuns: 10_000 },
    );
    expect(({} as Record<string, unknown>)['a']).toBeUndefined(); // no prototype was reached
  }, 60_000);
});

function expectPlain(value: unknown): void {
  if (value === null || typeof value !== 'object') {
    if (!['object', 'boolean', 'number', 'string'].includes(typeof value))
      throw new Error(`plain data expected, got ${typeof value}`);
  } else if (Array.isArray(value)) {
    value.forEach(expectPlain);
  } else {
    if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error('a plain map expected');
    Object.values(value).forEach(expectPlain);
  }
}

describe('a listening server', () => {
  it('ends each fuzzed connection with one clear error, holds none of them, and goes on serving', async () => {
    const accepted: Connection[] = [];
    let next = gate<Connection>();
    const listening = await server({
      limits: LIMITS,
      onConnection: (connection) => {
        accepted.push(connection);
        next.open(connection);
      },
    });
    await fc.assert(
      fc.asyncProperty(fuzzedStream, async ({ bytes }) => {
        next = gate();
        const socket = await rawSocket(listening.port);
        await authenticate(socket, 'client');
        const connection = await next.promise;
        socket.resume().end(bytes);
        const reason = await connection.closed;
        expectOneLine(reason, new Set([...FRAME_CODES, 'lost', 'peer-closed', 'remote', 'handler']));
        socket.destroy();
      }),
      { numRuns: 300 },
    );
    expect(accepted.length).toBeGreaterThanOrEqual(300);
    expect(listening.connections.size).toBe(0);
    expect((await (await client(listening.port)).request(16, { a: 1 })).header).toEqual({ a: 1 });
  }, 60_000);

  it.each(['off', 'on'] as const)(
    'turns away whatever comes instead of a handshake, with TLS %s',
    async (tls) => {
      let refused = gate<unknown>();
      const listening = await server({ tls, onRefused: (error) => refused.open(error) });
      const record = fuzzedFrame.map((bytes) => Buffer.concat([Buffer.from([22, 3, 1, 0, bytes.length & 255]), bytes]));
      const greeting = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from('WEFH'), bytes]));
      await fc.assert(
        fc.asyncProperty(fc.oneof(fuzzedFrame, record, greeting), async (bytes) => {
          refused = gate();
          const socket = await rawSocket(listening.port);
          socket.resume().end(bytes);
          expectOneLine(await refused.promise, new Set(['authentication', 'lost']));
          if (!socket.closed) await once(socket, 'close');
        }),
        { numRuns: 200 },
      );
      expect((await client(listening.port, { tls })).peer.role).toBe('shard');
    },
    60_000,
  );
});
