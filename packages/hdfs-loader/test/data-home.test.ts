import { describe, expect, it } from 'vitest';
import { dataHome } from '../src/data-home.js';

describe('dataHome', () => {
  const home = { HOME: '/home/ada' };
  it.each([
    ['WEFT_DATA_DIR first', { ...home, WEFT_DATA_DIR: '/data/weft', XDG_DATA_HOME: '/xdg' }, 'linux', '/data/weft'],
    ['WEFT_DATA_DIR on macOS', { ...home, WEFT_DATA_DIR: '/data/weft' }, 'darwin', '/data/weft'],
    ['XDG_DATA_HOME next', { ...home, XDG_DATA_HOME: '/xdg' }, 'linux', '/xdg/weft'],
    ['no relative XDG_DATA_HOME', { ...home, XDG_DATA_HOME: 'xdg' }, 'linux', '/home/ada/.local/share/weft'],
    ['no empty variable', { ...home, WEFT_DATA_DIR: '', XDG_DATA_HOME: '' }, 'linux', '/home/ada/.local/share/weft'],
    [
      'the Library on macOS',
      { ...home, XDG_DATA_HOME: '/xdg' },
      'darwin',
      '/home/ada/Library/Application Support/weft',
    ],
    ['LOCALAPPDATA on Windows', { LOCALAPPDATA: 'C:\\L' }, 'win32', 'C:\\L\\weft'],
    ['USERPROFILE on Windows', { USERPROFILE: 'C:\\U' }, 'win32', 'C:\\U\\AppData\\Local\\weft'],
  ] as const)('takes %s', (_, env, platform, expected) => {
    expect(dataHome(env, platform)).toBe(expected);
  });

  it('makes a relative WEFT_DATA_DIR absolute', () => {
    expect(dataHome({ WEFT_DATA_DIR: 'data' }, 'linux')).toBe(`${process.cwd()}/data`);
  });

  it.each(['linux', 'darwin', 'win32'] as const)('says what to set where the environment is empty (%s)', (platform) => {
    expect(() => dataHome({}, platform)).toThrow(/set WEFT_DATA_DIR/);
  });
});
