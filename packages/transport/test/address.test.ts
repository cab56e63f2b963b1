import { expect, it } from 'vitest';
import { checkAddress } from '../src/address.js';
import { connect } from '../src/connect.js';
import { listen } from '../src/listen.js';
import { echo, TOKEN, WORKER } from './pair.js';

it.each([
  ['connect', '127.0.0.1', 0, 'port: 1 to 65535 expected, got 0'],
  ['connect', '127.0.0.1', 70_000, 'port: 1 to 65535 expected, got 70000'],
  ['connect', '127.0.0.1', '80', 'port: 1 to 65535 expected, got 80'],
  ['listen', '127.0.0.1', -1, 'port: 0 to 65535 expected, got -1'],
  ['listen', '127.0.0.1', 1.5, 'port: 0 to 65535 expected, got 1.5'],
  ['connect', '', 80, 'host: a name or an address expected, got ""'],
  ['listen', undefined, 80, 'host: a name or an address expected, got undefined'],
] as const)('refuses to %s at %s:%s', (use, host, port, message) => {
  expect(() => checkAddress(use, host, port)).toThrow(message);
});

it('takes any port to connect to, and any free one to listen on', () => {
  checkAddress('connect', 'node-a', 65_535);
  checkAddress('listen', '::1', 0);
});

it('is asked before a socket or a timer is made', async () => {
  const who = { identity: WORKER, token: TOKEN };
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await expect(connect({ ...who, host: '127.0.0.1', port: 70_000 })).rejects.toMatchObject({ code: 'configuration' });
  await expect(listen({ ...who, port: 99_999, handler: echo })).rejects.toMatchObject({ code: 'configuration' });
  expect(timers()).toBe(before);
});
