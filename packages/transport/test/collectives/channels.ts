import { onTestFinished } from 'vitest';
import type { AuthenticatedSocket } from '../../src/authentication.js';
import type { Channels } from '../../src/collectives/open-executor.js';
import { dial } from '../../src/dial.js';
import { openDoor } from '../../src/door.js';
import type { TlsMode } from '../../src/tls-mode.js';
import { TOKEN } from '../pair.js';

const identity = (rank: number) => ({ role: 'worker', rank, run: 'r1' });

/** One authenticated connection: the end that dialled, and the end that was dialled. */
async function connection(from: number, to: number, tls: TlsMode): Promise<[AuthenticatedSocket, AuthenticatedSocket]> {
  let accept: (socket: AuthenticatedSocket) => void = () => {};
  const accepted = new Promise<AuthenticatedSocket>((resolve) => {
    accept = resolve;
  });
  const door = await openDoor({ identity: identity(to), token: TOKEN, tls, onAuthenticated: accept });
  const near = await dial({ host: door.host, port: door.port, identity: identity(from), token: TOKEN, tls });
  const far = await accepted;
  onTestFinished(async () => {
    near.socket.destroy();
    far.socket.destroy();
    await door.close();
  });
  return [near, far];
}

/** The channels of ranks 0 and 1 of a group of two. */
export async function channelsOfTwo(tls: TlsMode = 'auto'): Promise<[Map<number, Channels>, Map<number, Channels>]> {
  const [zeroReceives, oneSends] = await connection(0, 1, tls);
  const [oneReceives, zeroSends] = await connection(1, 0, tls);
  return [
    new Map([[1, { receive: zeroReceives, send: zeroSends }]]),
    new Map([[0, { receive: oneReceives, send: oneSends }]]),
  ];
}
