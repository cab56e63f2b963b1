import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../src/frame-decoder.js';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { FrameWriter } from '../src/frame-writer.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { Outbox } from '../src/outbox.js';
import { FrameKind } from '../src/prefix.js';
import { Requester } from '../src/requester.js';

/** A requester whose answers are written into a decoder by hand. */
function requester(o: { straight: boolean }) {
  const halfway: string[] = [];
  const endHalfway = (operation: string) => halfway.push(operation);
  const sent: Uint8Array[] = [];
  const stream = new Writable({
    write: (chunk: Uint8Array, _encoding, callback) => {
      sent.push(chunk);
      callback();
    },
  });
  const writer = new FrameWriter(stream, DEFAULT_LIMITS);
  const outbox = new Outbox({ writer, peer: 'p', onSend: () => {}, endHalfway });
  const decoder: FrameDecoder = new FrameDecoder({
    onFrame: (frame) => requests.onAnswer(frame),
    place: (prefix) => requests.place(prefix),
  });
  const requests: Requester = new Requester({
    peer: 'p',
    maxPendingRequests: 2,
    outbox,
    writer,
    decoder,
    straight: o.straight,
    endHalfway,
  });
  const ask = (receiveInto?: Uint8Array, signal?: AbortSignal) =>
    requests.request(16, (request) => encodeFrame({ kind: 16, request }), { receiveInto, signal });
  const answer = (request: number, payload: Uint8Array, kind: number = FrameKind.reply) =>
    frameBytes(encodeFrame({ kind, request, payload, header: kind === FrameKind.error ? { code: 'x' } : {} }));
  return { requests, decoder, halfway, ask, answer };
}

describe('Requester', () => {
  it('brings each answer, or error, to its request', async () => {
    const { requests, decoder, ask, answer } = requester({ straight: true });
    const into = new Uint8Array(4);
    const [first, second] = [ask(into), ask()];
    expect(requests.pendingRequests).toBe(2);
    await expect(ask()).rejects.toMatchObject({ code: 'overloaded' });
    const failed = expect(second).rejects.toMatchObject({ code: 'remote', remoteCode: 'x', request: 2 });
    decoder.write(answer(2, new Uint8Array(0), FrameKind.error));
    decoder.write(answer(1, Uint8Array.of(1, 2)));
    await failed;
    expect((await first).payload.buffer).toBe(into.buffer);
    expect([...into]).toEqual([1, 2, 0, 0]);
    expect(requests.pendingRequests).toBe(0);
    expect(() => decoder.write(answer(9, new Uint8Array(0)))).toThrow(expect.objectContaining({ code: 'protocol' }));
  });

  it('rejects an answer that is too long, without touching the place', async () => {
    const { decoder, ask, answer } = requester({ straight: true });
    const into = new Uint8Array(1);
    const asked = expect(ask(into)).rejects.toMatchObject({
      code: 'limit',
      message: 'request 1 (kind 16) to p: an answer of at most 1 bytes expected (receiveInto), got 2',
    });
    decoder.write(answer(1, Uint8Array.of(1, 2)));
    await asked;
    expect([...into]).toEqual([0]);
  });

  it.each([true, false])(
    'given up in the middle of its answer: ends the connection where it is read straight: %s',
    async (straight) => {
      const { decoder, halfway, ask, answer } = requester({ straight });
      const controller = new AbortController();
      const asked = expect(ask(new Uint8Array(100), controller.signal)).rejects.toMatchObject({
        code: 'aborted',
        receivedBytes: 60,
      });
      decoder.write(answer(1, new Uint8Array(100)).subarray(0, 100));
      controller.abort();
      await asked;
      expect(halfway).toEqual(straight ? ['request 1 (kind 16)'] : []);
    },
  );
});
