import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { SocketIntake } from '../src/socket-intake.js';
import { gate } from './pair.js';

it('reads into the consumer’s own place where it has one, else through write', async () => {
  const listening = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('abcd');
    socket.once('data', () => socket.write('efghijkl'));
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => void listening.close());
  const place = new Uint8Array(8);
  const complete = gate();
  let written = '';
  let received = 0;
  const intake = new SocketIntake({
    write: (chunk) => {
      written += Buffer.from(chunk).toString();
      if (written === 'abcd') socket.write('go');
    },
    space: () => (written === 'abcd' && received < 8 ? place.subarray(received) : undefined),
    filled: (n) => {
      received += n;
      if (received === 8) complete.open();
    },
  });
  const { port } = listening.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, onread: intake.onread });
  onTestFinished(() => void socket.destroy());
  await complete.promise;
  expect([written, Buffer.from(place).toString()]).toEqual(['abcd', 'efghijkl']);
});
