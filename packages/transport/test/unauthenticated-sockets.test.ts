import { expect, it } from 'vitest';
import { UnauthenticatedSockets } from '../src/unauthenticated-sockets.js';
import { rawSocket, server } from './pair.js';

const never = () => expect.unreachable('gives way');

it('counts by address, up to the limit, and forgets who left', async () => {
  const { port } = await server();
  const sockets = await Promise.all(Array.from({ length: 5 }, () => rawSocket(port)));
  const places = new UnauthenticatedSockets({ perAddress: 2, inAll: 100 });
  expect(sockets.map((socket) => places.enter(socket, never))).toEqual([
    'admitted',
    'admitted',
    'tell',
    'tell',
    'drop',
  ]);
  expect(sockets.map((socket) => places.leave(socket))).toEqual([true, true, true, true, false]);
  expect(places.enter(sockets[0]!, never)).toBe('admitted');
  places.destroyAll();
  expect(sockets.map((socket) => socket.destroyed)).toEqual([true, false, false, false, false]);
});

it('lets the longest waiting give way when all places are taken', async () => {
  const { port } = await server();
  const sockets = await Promise.all(Array.from({ length: 5 }, () => rawSocket(port)));
  const places = new UnauthenticatedSockets({ perAddress: 10, inAll: 3 });
  const gone: number[] = [];
  for (const [i, socket] of sockets.entries()) {
    expect(places.enter(socket, () => void gone.push(i))).toBe('admitted');
    expect(places.size).toBeLessThanOrEqual(3);
  }
  expect(gone).toEqual([0, 1]);
});
