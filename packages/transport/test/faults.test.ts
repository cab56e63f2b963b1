import { describe, expect, it } from 'vitest';
import {
  ask,
  type FaultLink,
  HANDSHAKE_BYTES,
  PAYLOAD_BYTES,
  STAGES,
  type Stage,
  turns,
  withLink,
} from './fault-link.js';

type Way = 'up' | 'down';
const stages = Object.keys(STAGES) as Stage[];
const everywhere = (['up', 'down'] as Way[]).flatMap((way) => stages.map((stage) => ({ way, stage })));

/** What the client knows of the answer when it is cut there. */
function known(way: Way, stage: Stage) {
  if (way === 'up' || stage === 'prefix') return { receivedBytes: 0, expectedBytes: undefined };
  return { receivedBytes: { header: 0, payload: 500, crc: PAYLOAD_BYTES }[stage], expectedBytes: PAYLOAD_BYTES };
}

/** What every error of a request names. */
function fields({ proxy }: FaultLink) {
  return {
    name: 'TransportError',
    self: expect.stringMatching(/^worker 3 on ./),
    peer: `shard 0 at 127.0.0.1:${proxy.port}`,
    operation: 'request 1 (kind 16)',
    request: 1,
    sequence: 1,
    message: expect.stringMatching(
      /^request 1 \(kind 16\): .* had come from shard 0 at [\d.:]+[^\n]* \(seen by worker 3 on [^\n]+\)$/,
    ),
  };
}

describe.each(everywhere)('in the $stage, $way', ({ way, stage }) => {
  const at = HANDSHAKE_BYTES + STAGES[stage];

  it.each(['reset', 'end'] as const)('a %s ends the request and both sides by one clear error', async (fault) => {
    await withLink({}, async (link) => {
      const { near, far, proxy } = link;
      proxy[way].after(at, fault);
      await expect(ask(near)).rejects.toMatchObject({
        ...fields(link),
        ...known(way, stage),
        code: 'lost',
        retryable: true,
      });
      expect(await near.closed).toMatchObject({ code: 'lost' });
      expect(await far.closed).toMatchObject({ code: 'lost', self: expect.stringMatching(/^shard 0 on /) });
      await expect(ask(near)).rejects.toMatchObject({ code: 'lost' });
    });
  });

  it('a stall ends the request at its time limit; the connection goes on', async () => {
    await withLink({}, async (link) => {
      const { near, proxy } = link;
      proxy[way].after(at, 'stall');
      await expect(ask(near, { timeoutMs: 30 })).rejects.toMatchObject({
        ...fields(link),
        code: 'timeout',
        retryable: true,
        message: expect.stringMatching(/ had come from shard 0 at [\d.:]+ within 30 ms \(seen by worker 3 on /),
      });
      await proxy[way].forwarded(at);
      proxy[way].flow();
      expect((await ask(near)).header).toEqual({ a: 1 });
    });
  });

  it('a stall ends the request by its signal, and the error says how much had come', async () => {
    await withLink({}, async (link) => {
      const { near, proxy } = link;
      const controller = new AbortController();
      proxy[way].after(at, 'stall');
      const asked = expect(ask(near, { signal: controller.signal })).rejects.toMatchObject({
        ...fields(link),
        ...known(way, stage),
        code: 'aborted',
        retryable: false,
        cause: 'enough',
      });
      await proxy[way].forwarded(at);
      await turns();
      controller.abort('enough');
      await asked;
      proxy[way].flow();
      expect((await ask(near)).header).toEqual({ a: 1 });
    });
  });

  it('a changed byte ends the connection by one clear error', async () => {
    await withLink({}, async (link) => {
      const { near, far, proxy } = link;
      proxy[way].corrupt(at);
      // Who reads it says checksum, and hangs up on the other one.
      const [reader, other] = way === 'up' ? [far, near] : [near, far];
      await expect(ask(near)).rejects.toMatchObject({ ...fields(link), code: way === 'up' ? 'lost' : 'checksum' });
      expect(await reader.closed).toMatchObject({
        code: 'checksum',
        retryable: false,
        message: expect.stringMatching(/: frame .* 0x[0-9a-f]+ expected, got 0x[0-9a-f]+ \(seen by /),
      });
      expect(await other.closed).toMatchObject({ code: 'lost' });
    });
  });
});

describe.each(['up', 'down'] as Way[])('%s', (way) => {
  it('a byte that is missing is found by the checksum, not taken from the next frame', async () => {
    await withLink({}, async ({ near, far, proxy }) => {
      proxy[way].drop(HANDSHAKE_BYTES + STAGES.payload);
      const outcomes = await Promise.allSettled([ask(near), ask(near)]);
      const code = way === 'up' ? 'lost' : 'checksum';
      expect(outcomes).toMatchObject([{ reason: { code, request: 1 } }, { reason: { code, request: 2 } }]);
      expect(await (way === 'up' ? far : near).closed).toMatchObject({ code: 'checksum' });
    });
  });

  it('another magic is not a frame', async () => {
    await withLink({}, async ({ near, far, proxy }) => {
      proxy[way].corrupt(HANDSHAKE_BYTES);
      await expect(ask(near)).rejects.toMatchObject({ code: way === 'up' ? 'lost' : 'protocol' });
      expect(await (way === 'up' ? far : near).closed).toMatchObject({ code: 'protocol' });
    });
  });

  it('a cut between frames, with nothing pending, is told by closed', async () => {
    await withLink({}, async ({ near, far, proxy }) => {
      await ask(near);
      proxy[way].end();
      expect(await Promise.all([near.closed, far.closed])).toMatchObject([{ code: 'lost' }, { code: 'lost' }]);
    });
  });
});

describe('an answer that stalls on its way into the caller’s memory', () => {
  it('ends the connection with the request: nothing else keeps that memory from being written later', async () => {
    await withLink({}, async ({ near, far, proxy }) => {
      const into = new Uint8Array(PAYLOAD_BYTES);
      proxy.down.after(HANDSHAKE_BYTES + STAGES.payload, 'stall');
      const controller = new AbortController();
      const asked = ask(near, { into, signal: controller.signal });
      const other = ask(near);
      const ended = Promise.all([
        expect(asked).rejects.toMatchObject({ code: 'aborted', receivedBytes: 500, expectedBytes: PAYLOAD_BYTES }),
        expect(other).rejects.toMatchObject({
          code: 'aborted',
          request: 2,
          message: expect.stringMatching(/request 1 \(kind 16\) was given up in the middle of its bytes/),
        }),
      ]);
      while (into[499] === 0) await turns(1);
      controller.abort();
      await ended;
      expect(await near.closed).toMatchObject({ code: 'aborted' });
      proxy.down.flow();
      expect(await far.closed).toMatchObject({ code: 'lost' });
      expect([into[499], into[500]]).toEqual([7, 0]);
    });
  });
});
