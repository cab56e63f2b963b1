import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { adopt, type ByteConsumer, intakeOf, SocketIntake } from '../src/socket-intake.js';
import { secureClient, secureServer, serverContext } from '../src/tls-channel.js';
import { gate, TOKEN } from './pair.js';

type End = { readonly socket: Socket; readonly intake: SocketIntake };

/** A connecting and an accepted socket, both read straight, and nothing read yet. */
async function ends(): Promise<{ near: End; far: End }> {
  const accepted = gate<End>();
  const listening = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => accepted.open(adopt(socket)));
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void listening.close());
  const { port } = listening.address() as AddressInfo;
  const intake = new SocketIntake();
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: intake.onread });
  const near = { socket, intake: intake.attach(socket, 'straight') };
  const far = await accepted.promise;
  onTestFinished(() => {
    near.socket.destroy();
    far.socket.destroy();
  });
  return { near, far };
}

/** Takes 4 bytes through write, then 8 in place. */
function taker() {
  const place = new Uint8Array(8);
  const greeted = gate();
  const complete = gate();
  let written = '';
  let received = 0;
  const consumer: ByteConsumer = {
    write: (chunk) => {
      written += Buffer.from(chunk).toString();
      if (written === 'abcd') greeted.open();
    },
    space: () => (written === 'abcd' && received < 8 ? place.subarray(received) : undefined),
    filled: (n) => {
      received += n;
      if (received === 8) complete.open();
    },
  };
  return { consumer, greeted, complete, result: () => [written, Buffer.from(place).toString()] };
}

it.each(['connecting', 'accepted'])(
  'reads a %s socket into the consumer’s own place where it has one',
  async (side) => {
    const { near, far } = await ends();
    const [reader, writer] = side === 'connecting' ? [near, far] : [far, near];
    const { consumer, greeted, complete, result } = taker();
    expect(reader.intake.straight).toBe(true);
    reader.intake.start(consumer);
    writer.socket.write('abcd');
    await greeted.promise;
    writer.socket.write('efghijkl');
    await complete.promise;
    expect(result()).toEqual(['abcd', 'efghijkl']);
  },
);

it.each(['connecting', 'accepted'])('leaves in the kernel what comes to a %s socket after stop', async (side) => {
  const { near, far } = await ends();
  const [reader, writer] = side === 'connecting' ? [near, far] : [far, near];
  const first = gate();
  let read = 0;
  reader.intake.start({
    write: (chunk) => {
      read += chunk.length;
      reader.intake.stop();
      first.open();
    },
  });
  const bytes = 1 << 20;
  writer.socket.write(new Uint8Array(bytes));
  await first.promise;
  expect(reader.socket.bytesRead).toBe(read);
  const all = gate();
  reader.intake.start({
    write: (chunk) => {
      read += chunk.length;
      if (read === bytes) all.open();
    },
  });
  await all.promise;
  expect(reader.socket.readableLength).toBe(0);
});

it('tells the end of an accepted socket, which its server does not count', async () => {
  const { near, far } = await ends();
  far.intake.start({ write: () => {} });
  near.socket.end();
  await once(far.socket, 'close');
  expect(far.socket.destroyed).toBe(true);
});

it('goes by data events where nothing else is to be had', async () => {
  const accepted = gate<Socket>();
  const listening = createServer((socket) => accepted.open(socket));
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void listening.close());
  const socket = connect({ host: '127.0.0.1', port: (listening.address() as AddressInfo).port });
  onTestFinished(() => void socket.destroy());
  const intake = new SocketIntake().attach(socket, 'data');
  const { consumer, greeted } = taker();
  expect(intake.straight).toBe(false);
  (await accepted.promise).write('abcd');
  intake.start(consumer);
  await greeted.promise;
  intake.stop();
  expect(socket.isPaused()).toBe(true);
});

it('loses nothing of what TLS had decrypted when it was told to stop', async () => {
  const expected = Array.from({ length: 100_000 }, (_, i) => `${i},`).join('');
  const secured = gate<Socket>();
  const onFailed = () => {};
  const listening = createServer((socket) => {
    secureServer({ socket, token: TOKEN, context: serverContext(), onSecure: secured.open, onFailed });
  });
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void listening.close());
  const raw = connect({ host: '127.0.0.1', port: (listening.address() as AddressInfo).port });
  onTestFinished(() => void raw.destroy());
  await once(raw, 'connect');
  secureClient({
    socket: raw,
    token: TOKEN,
    onFailed,
    // Many records, of which several come by one read of the kernel.
    onSecure: (near) => near.write(expected),
  });
  const far = await secured.promise;
  const intake = intakeOf(far);
  expect(intake.straight).toBe(true);
  const complete = gate();
  let text = '';
  let stops = 0;
  const consumer: ByteConsumer = {
    write: (chunk) => {
      expect(far.isPaused()).toBe(false);
      text += Buffer.from(chunk).toString();
      if (text.length >= expected.length) complete.open();
      stops++;
      intake.stop();
      setImmediate(() => intake.start(consumer));
    },
  };
  intake.start(consumer);
  await complete.promise;
  expect(text).toBe(expected);
  expect(stops).toBeGreaterThan(10);
});
