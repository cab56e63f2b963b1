import { expect, it } from 'vitest';
import { UnauthenticatedSockets } from '../src/unauthenticated-sockets.js';
import { rawSocket, server } from './pair.js';

it('counts by address, up to the limit, and forgets who left', async () => {
  const { port } = await server();
  const sockets = await Promise.all(Array.from({ length: 5 }, () => rawSocket(port)));
  const places = new UnauthenticatedSockets(2);
  expect(sockets.map((socket) => places.enter(socket))).toEqual(['admitted', 'admitted', 'tell', 'tell', 'drop']);
  expect(sockets.map((socket) => places.leave(socket))).toEqual([true, true, true, true, false]);
  expect(places.enter(sockets[0]!)).toBe('admitted');
  places.destroyAll();
  expect(sockets.map((socket) => socket.destroyed)).toEqual([true, false, false, false, false]);
});
