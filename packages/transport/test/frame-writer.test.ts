import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { TransportError } from '../src/errors.js';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { FrameWriter } from '../src/frame-writer.js';
import { DEFAULT_LIMITS } from '../src/limits.js';

/** A stream that takes one write at a time, when told to. */
function slowStream() {
  const chunks: Uint8Array[] = [];
  const callbacks: (() => void)[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    writev(items, callback) {
      chunks.push(...items.map(({ chunk }) => chunk as Uint8Array));
      callbacks.push(callback);
    },
  });
  return { stream, chunks, take: () => callbacks.shift()?.() };
}

const frame = (n: number) => encodeFrame({ kind: 16, payload: new Uint8Array(n) });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('FrameWriter', () => {
  it('hands the parts over as they are, in order', async () => {
    const { stream, chunks } = slowStream();
    const payload = new Uint8Array(100);
    new FrameWriter(stream, DEFAULT_LIMITS).send(encodeFrame({ kind: 16, payload }), () => {});
    await turn();
    expect(chunks.map((chunk) => chunk.length)).toEqual([40, 100, 8]);
    expect(chunks[1]!.buffer).toBe(payload.buffer);
  });

  it('hands a long payload over piece by piece, as it is, and its checksum last', async () => {
    const { stream, chunks, take } = slowStream();
    const payload = Uint8Array.from({ length: 1024 ** 2 + 5 }, (_, i) => i * 7);
    const long = encodeFrame({ kind: 16, header: { a: 1 }, payload });
    let done = false;
    const writer = new FrameWriter(stream, { ...DEFAULT_LIMITS, maxUnwrittenBytes: 1 });
    const sending = writer.send(long, () => {
      done = true;
    });
    writer.send(frame(3), () => {});
    while (!done) {
      expect(sending.state).toBe('writing');
      expect(writer.cancel(sending)).toBe(false);
      expect(writer.unwrittenBytes).toBeLessThanOrEqual(512 * 1024 + 56 + 8);
      take();
      await turn();
    }
    expect(chunks.filter(({ buffer }) => buffer === payload.buffer).map(({ byteOffset }) => byteOffset)).toEqual(
      [0, 1, 2].map((i) => i * 512 * 1024),
    );
    expect(writer.stats.sentFrames).toBe(1);
    take();
    await turn();
    expect(Buffer.concat(chunks).equals(Buffer.concat([frameBytes(long), frameBytes(frame(3))]))).toBe(true);
    expect(writer.stats.sentBytes).toBe(long.bytes + frame(3).bytes);
  });

  it('lets others have their turn, however fast the stream takes', async () => {
    const stream = new Writable({ writev: (_items, callback) => callback() });
    const writer = new FrameWriter(stream, DEFAULT_LIMITS);
    const payload = new Uint8Array(1024 ** 2);
    let done = 0;
    for (let i = 0; i < 40; i++) writer.send(encodeFrame({ kind: 16, payload, crc: false }), () => done++);
    const atTurns: number[] = [];
    while (done < 40) {
      await turn();
      atTurns.push(done);
    }
    expect(atTurns.length).toBeGreaterThan(10);
    for (let i = 0; i < 4000; i++) writer.send(frame(0), () => done++);
    await turn();
    expect(done).toBeLessThan(4040);
    while (done < 4040) await turn();
  });

  it('says that a view is free only when the stream has taken it', async () => {
    const { stream, take } = slowStream();
    const done: string[] = [];
    const writer = new FrameWriter(stream, DEFAULT_LIMITS);
    const sending = writer.send(frame(10), () => done.push('done'));
    await turn();
    expect([done, sending.state, writer.idle]).toEqual([[], 'writing', false]);
    take();
    await turn();
    expect([done, sending.state]).toEqual([['done'], 'done']);
    expect(writer.idle).toBe(true);
  });

  it('keeps what is handed over within the limit, and the order', async () => {
    const { stream, chunks, take } = slowStream();
    const writer = new FrameWriter(stream, { ...DEFAULT_LIMITS, maxUnwrittenBytes: 200 });
    const order: number[] = [];
    const frames = Array.from({ length: 2500 }, (_, i) => frame(100 + (i % 7)));
    for (const [i, f] of frames.entries()) writer.send(f, () => order.push(i));
    expect(writer.queuedFrames).toBe(2498);
    while (order.length < 2500) {
      expect(writer.unwrittenBytes).toBeLessThan(200 + 160);
      take();
      await turn();
    }
    expect(order).toEqual(frames.map((_, i) => i));
    expect(Buffer.concat(chunks).equals(Buffer.concat(frames.map(frameBytes)))).toBe(true);
  });

  it('refuses more waiting frames than the limit', () => {
    const { stream } = slowStream();
    const writer = new FrameWriter(stream, { ...DEFAULT_LIMITS, maxUnwrittenBytes: 1, maxQueuedFrames: 2 });
    for (let i = 0; i < 3; i++) writer.send(frame(1), () => {});
    expect(() => writer.send(frame(1), () => {})).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });

  it('takes back what waits, not what is being written', async () => {
    const { stream, chunks, take } = slowStream();
    const writer = new FrameWriter(stream, { ...DEFAULT_LIMITS, maxUnwrittenBytes: 1 });
    const first = writer.send(frame(1), () => {});
    const second = writer.send(frame(2), () => expect.unreachable());
    expect([writer.cancel(first), writer.cancel(second)]).toEqual([false, true]);
    await turn();
    take();
    await turn();
    expect(chunks).toHaveLength(3);
  });

  it('tells all senders, once, when it fails', () => {
    const { stream } = slowStream();
    const writer = new FrameWriter(stream, { ...DEFAULT_LIMITS, maxUnwrittenBytes: 1 });
    const errors: unknown[] = [];
    for (let i = 0; i < 3; i++) writer.send(frame(i), (error) => errors.push(error));
    const reason = new TransportError('lost', 'gone');
    writer.fail(reason);
    writer.fail(new TransportError('lost', 'again'));
    expect(errors).toEqual([reason, reason, reason]);
    expect(() => writer.send(frame(1), () => {})).toThrow(reason);
  });

  it('lets what is being written end when it is shut', async () => {
    const { stream, take } = slowStream();
    const writer = new FrameWriter(stream, { ...DEFAULT_LIMITS, maxUnwrittenBytes: 1 });
    const outcomes: unknown[] = [];
    for (let i = 0; i < 2; i++) writer.send(frame(i), (error) => outcomes.push(error?.code ?? 'written'));
    writer.shut(new TransportError('closed', 'closed'));
    expect(outcomes).toEqual(['closed']);
    await turn();
    take();
    await turn();
    expect(outcomes).toEqual(['closed', 'written']);
  });

  it('says its farewell behind the whole frame that is being written', async () => {
    const { stream, chunks, take } = slowStream();
    const writer = new FrameWriter(stream, { ...DEFAULT_LIMITS, maxUnwrittenBytes: 1 });
    const long = encodeFrame({ kind: 16, payload: new Uint8Array(700_000) });
    writer.send(long, () => {});
    writer.shut(new TransportError('closed', 'closed'), Uint8Array.of(1, 2, 3));
    while (!stream.writableEnded) {
      take();
      await turn();
    }
    take();
    await turn();
    expect(Buffer.concat(chunks).equals(Buffer.concat([frameBytes(long), Buffer.of(1, 2, 3)]))).toBe(true);
  });
});
