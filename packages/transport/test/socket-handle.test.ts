import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { detach, useOnread } from '../src/socket-handle.js';
import { gate } from './pair.js';

/** An accepted socket that is not read yet, its server, and the other end. */
async function accepted() {
  const taken = gate<Socket>();
  const server = createServer({ pauseOnConnect: true }, taken.open);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const near = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  onTestFinished(() => void near.destroy());
  return { server, near, socket: await taken.promise };
}

/** Takes what is read into a buffer of its own. */
function reader() {
  const first = gate<string>();
  const place = new Uint8Array(16);
  const callback = (n: number) => {
    first.open(Buffer.from(place.subarray(0, n)).toString());
    return true;
  };
  return { onread: { buffer: () => place, callback }, first: first.promise };
}

it('moves a handle to a socket that reads as it is told, and that its server does not wait for', async () => {
  const { server, near, socket } = await accepted();
  const { onread, first } = reader();
  const moved = detach(socket, { onread })!;
  onTestFinished(() => void moved.destroy());
  expect([socket.destroyed, moved.isPaused()]).toEqual([true, true]);
  await new Promise((resolve) => server.close(resolve));
  near.write('abc');
  moved.resume();
  expect(await first).toBe('abc');
  expect(detach(socket)).toBeUndefined();
});

it('gives onread to a socket that is there already, or says that it cannot', async () => {
  const { server, near, socket } = await accepted();
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  const { onread, first } = reader();
  expect(useOnread(socket, onread)).toBe(true);
  near.write('abc');
  socket.resume();
  expect(await first).toBe('abc');
  expect(useOnread(new Socket(), onread)).toBe(false); // no handle
});
