import { type Connection, type Handler, listen } from '@weft/transport';
import { onTestFinished } from 'vitest';
import type { NodeStart } from '../src/control-messages.js';
import { connectToCoordinator } from '../src/node-connection.js';

/** A coordinator that answers as told, and a node's connection to it; both close when the test ends. */
export async function fakeCoordinator(
  role: NodeStart['role'],
  handler: Handler,
): Promise<{ start: NodeStart; control: Connection }> {
  const token = Buffer.alloc(32, 5);
  const server = await listen({ identity: { role: 'coordinator', rank: 0, run: 'r' }, token, handler });
  onTestFinished(() => server.close());
  const { host, port } = server;
  const start: NodeStart = {
    role,
    rank: 0,
    run: 'r',
    token: token.toString('hex'),
    insecure: false,
    host,
    port,
    listen: { host, port: 0 },
  };
  const control = await connectToCoordinator(start, () => undefined);
  onTestFinished(() => control.close());
  return { start, control };
}
