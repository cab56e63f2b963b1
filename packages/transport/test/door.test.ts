import { expect, it, onTestFinished } from 'vitest';
import type { AuthenticatedSocket } from '../src/authentication.js';
import { dial } from '../src/dial.js';
import { type DoorOptions, openDoor } from '../src/door.js';
import { gate, SHARD, TOKEN, WORKER } from './pair.js';

/** A door that is closed with the test. */
async function door(o: Partial<DoorOptions> = {}) {
  const opened = await openDoor({ identity: SHARD, token: TOKEN, onAuthenticated: () => {}, ...o });
  onTestFinished(() => opened.close());
  return opened;
}

const dialTo = async (port: number) => {
  const dialled = await dial({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN });
  onTestFinished(() => void dialled.socket.destroy());
  return dialled;
};

it('hands sockets over, read straight and stopped, and leaves them open when it closes', async () => {
  const entered = gate<AuthenticatedSocket>();
  const opened = await door({ onAuthenticated: entered.open });
  const near = await dialTo(opened.port);
  const far = await entered.promise;
  onTestFinished(() => void far.socket.destroy());
  expect(far).toMatchObject({ peer: WORKER, secure: false, version: 1 });
  expect([near.intake.straight, far.intake.straight]).toEqual([true, true]);
  await Promise.all([opened.close(), opened.close()]);
  near.socket.write('frames');
  const came = gate<string>();
  far.intake.start({ write: (chunk) => came.open(Buffer.from(chunk).toString()) });
  expect(await came.promise).toBe('frames');
});

it('refuses bad options, and a signal that has ended already', async () => {
  await expect(door({ authenticationTimeoutMs: 0 })).rejects.toThrow(/^authenticationTimeoutMs: /);
  await expect(door({ token: new Uint8Array(5) })).rejects.toThrow(/^token: /);
  await expect(door({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
});
