import { hasCollectiveRunner } from '@weft/native';
import { expect, it } from 'vitest';
import { openExecutor } from '../../src/collectives/open-executor.js';
import { channelsOfTwo } from './channels.js';

const how = { crc: false, spins: 0 };

it.skipIf(!hasCollectiveRunner())(
  'takes the addon where it can, and lets go of the sockets that the thread has duplicates of',
  async () => {
    const [channels] = await channelsOfTwo();
    const executor = openExecutor({ channels, ...how });
    expect(executor.kind).toBe('native');
    expect(channels.get(1)!.receive!.socket.destroyed).toBe(true);
    executor.close();
  },
);

it('takes the event loop when asked, and under TLS', async () => {
  const [plain] = await channelsOfTwo();
  const [secure] = await channelsOfTwo('on');
  const executors = [
    openExecutor({ channels: plain, ...how, kind: 'socket' }),
    openExecutor({ channels: secure, ...how }),
  ];
  expect(executors.map(({ kind }) => kind)).toEqual(['socket', 'socket']);
  expect(plain.get(1)!.receive!.socket.destroyed).toBe(false);
  for (const executor of executors) executor.close();
  expect(plain.get(1)!.receive!.socket.destroyed).toBe(true);
});

it('does not pretend', async () => {
  const [channels] = await channelsOfTwo('on');
  expect(() => openExecutor({ channels, ...how, kind: 'native' })).toThrow('native needs the addon');
});
