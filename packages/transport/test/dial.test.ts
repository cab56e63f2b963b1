import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { dial } from '../src/dial.js';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { gate, rawServer, SHARD, TOKEN, WORKER } from './pair.js';

const FRAME = frameBytes(encodeFrame({ kind: 21, header: { a: 1 } }));

it('gives the socket with what came beyond the handshake, and reads no more of it', async () => {
  const { port, socket } = await rawServer();
  const near = await dial({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN });
  onTestFinished(() => void near.socket.destroy());
  expect(near).toMatchObject({ peer: SHARD, address: `127.0.0.1:${port}`, secure: false, version: 1 });
  const { bytesRead } = near.socket;
  const far = await socket;
  far.write(FRAME);
  far.write(FRAME);
  const came: Uint8Array[] = [near.rest];
  const all = gate();
  near.intake.start({
    write: (chunk) => {
      came.push(chunk.slice());
      if (Buffer.concat(came).length === 2 * FRAME.length) all.open();
    },
  });
  await all.promise;
  expect(near.socket.bytesRead - bytesRead + near.rest.length).toBe(2 * FRAME.length);
  expect(Buffer.compare(Buffer.concat(came), Buffer.concat([FRAME, FRAME]))).toBe(0);
  far.destroy();
  await once(near.socket, 'close');
});

it('keeps time and heeds its signal while it connects', async () => {
  const o = { host: '127.0.0.1', port: 1, identity: WORKER, token: TOKEN };
  await expect(dial({ ...o, timeoutMs: 0 })).rejects.toMatchObject({ code: 'configuration' });
  await expect(dial({ ...o, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
});
