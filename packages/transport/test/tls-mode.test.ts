import { describe, expect, it, vi } from 'vitest';
import { checkTlsMode, isLoopback, type TlsMode, wantsCrc, wantsTls } from '../src/tls-mode.js';

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])('knows %s', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each([
    '10.0.0.1',
    '128.0.0.1',
    '1127.0.0.1',
    '::',
    '::2',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '',
    'localhost',
    undefined,
  ])('takes %s for a network’s', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});

describe('wantsTls', () => {
  it.each<[TlsMode | undefined, boolean, boolean]>([
    [undefined, false, true],
    ['auto', false, true],
    ['on', true, true],
    ['off', false, false],
  ])('%s: loopback %s, a network %s', (tls, loopback, network) => {
    const onWarning = vi.fn();
    expect(wantsTls({ tls, onWarning }, '127.0.0.1')).toBe(loopback);
    expect(onWarning).not.toHaveBeenCalled();
    expect(wantsTls({ tls, onWarning }, '10.0.0.7')).toBe(network);
    expect(wantsTls({ tls, onWarning }, undefined)).toBe(network);
    expect(onWarning).toHaveBeenCalledTimes(tls === 'off' ? 1 : 0);
  });

  it('says what is given up in one line, and to the process where nobody else listens', () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    wantsTls({ tls: 'off' }, '10.0.0.7');
    wantsTls({ tls: 'off' }, '10.0.0.8');
    expect(emitted.mock.calls).toEqual([[expect.stringMatching(/^weft: TLS is off on 10\.0\.0\.7: .*$/)]]);
    emitted.mockRestore();
  });

  it('refuses what is no mode', () => {
    expect(() => checkTlsMode('of' as TlsMode)).toThrow('tls: auto, on or off expected, got "of"');
  });
});

it('checks frames where nothing else does', () => {
  const over = (secure: boolean, remoteAddress: string) => wantsCrc('auto', { secure, socket: { remoteAddress } });
  expect(over(false, '10.0.0.7')).toBe(true);
  expect(over(true, '10.0.0.7')).toBe(false);
  expect(over(false, '127.0.0.1')).toBe(false);
  expect(wantsCrc(undefined, { secure: false, socket: {} })).toBe(true);
  expect(wantsCrc(true, { secure: true, socket: {} })).toBe(true);
  expect(wantsCrc(false, { secure: false, socket: {} })).toBe(false);
});
