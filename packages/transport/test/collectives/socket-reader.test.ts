import { expect, it, onTestFinished } from 'vitest';
import type { AuthenticatedSocket } from '../../src/authentication.js';
import { SocketReader } from '../../src/collectives/socket-reader.js';
import { dial } from '../../src/dial.js';
import { openDoor } from '../../src/door.js';
import { SHARD, TOKEN, WORKER } from '../pair.js';

async function sockets(): Promise<{ far: AuthenticatedSocket; reader: SocketReader }> {
  let accept: (socket: AuthenticatedSocket) => void = () => {};
  const accepted = new Promise<AuthenticatedSocket>((resolve) => {
    accept = resolve;
  });
  const door = await openDoor({ identity: SHARD, token: TOKEN, onAuthenticated: accept });
  const near = await dial({ host: door.host, port: door.port, identity: WORKER, token: TOKEN });
  const far = await accepted;
  onTestFinished(async () => {
    near.socket.destroy();
    far.socket.destroy();
    await door.close();
  });
  return { far, reader: new SocketReader(near) };
}

it('fills exactly what is asked for, and keeps what comes with it', async () => {
  const { far, reader } = await sockets();
  const [first, second, none] = [new Uint8Array(2), new Uint8Array(3), new Uint8Array(0)];
  const filled = reader.fill(first);
  expect(reader.waits).toBe(true);
  far.socket.write(Uint8Array.of(1, 2, 3, 4, 5));
  await filled;
  await reader.fill(none);
  expect(reader.waits).toBe(false);
  expect([...first, ...reader.early]).toEqual([1, 2, 3, 4, 5]);
  await reader.fill(second);
  expect([...second, ...reader.early]).toEqual([3, 4, 5]);
});

it('reads long pieces straight into their place, and none while nobody asks', async () => {
  const { far, reader } = await sockets();
  const bytes = new Uint8Array(3_000_000).map((_, i) => i % 251);
  const written = new Promise((resolve) => far.socket.write(bytes, resolve));
  const target = new Uint8Array(bytes.length - 1);
  await reader.fill(target);
  const last = new Uint8Array(1);
  await Promise.all([reader.fill(last), written]);
  expect(Buffer.compare(Buffer.concat([target, last]), bytes)).toBe(0);
});
