import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type AuthenticatedSocket, authenticate } from '../src/authentication.js';
import type { TransportError } from '../src/errors.js';
import { SocketIntake } from '../src/socket-intake.js';
import { gate, SHARD, server, TOKEN, WORKER } from './pair.js';

async function knock(token: Uint8Array) {
  const { port } = await server();
  const intake = new SocketIntake();
  const socket = connect({ host: '127.0.0.1', port, onread: intake.onread });
  onTestFinished(() => void socket.destroy());
  intake.attach(socket, 'straight');
  await once(socket, 'connect');
  const outcome = gate<AuthenticatedSocket | TransportError>();
  authenticate({
    side: 'client',
    identity: WORKER,
    token,
    socket,
    intake,
    onAuthenticated: outcome.open,
    onFailed: outcome.open,
  });
  return await outcome.promise;
}

it('tells who the peer is, or why not', async () => {
  expect(await knock(TOKEN)).toMatchObject({ peer: SHARD, version: 1, secure: false });
  expect(await knock(randomBytes(32))).toMatchObject({ code: 'authentication' });
});
