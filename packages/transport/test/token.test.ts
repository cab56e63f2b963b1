import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newToken, readToken, writeToken } from '../src/token.js';

/** A path in a folder of the test's own. */
function path(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-token-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'token');
}

function file(content: string | Uint8Array, mode = 0o600): string {
  const name = path();
  writeFileSync(name, content, { mode });
  chmodSync(name, mode);
  return name;
}

describe('a token', () => {
  it('is new each time, and comes back from a file that only its owner can read', () => {
    const token = newToken();
    expect(token).toHaveLength(32);
    expect(newToken()).not.toEqual(token);
    const name = path();
    writeToken(name, token);
    expect(statSync(name).mode & 0o777).toBe(0o600);
    expect(readFileSync(name, 'latin1')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(Buffer.compare(readToken(name), token)).toBe(0);
  });

  it('may be raw, or hexadecimal without a line’s end', () => {
    const token = Buffer.from(newToken());
    for (const content of [token, token.toString('hex'), `${token.toString('hex').toUpperCase()}\r\n`]) {
      expect(Buffer.compare(readToken(file(content)), token)).toBe(0);
    }
  });

  it('comes through an open descriptor, and through a pipe', () => {
    const token = Buffer.from(newToken());
    const fd = openSync(file(token), 'r');
    onTestFinished(() => closeSync(fd));
    expect(Buffer.compare(readToken(fd), token)).toBe(0);
    const module = JSON.stringify(new URL('../dist/token.js', import.meta.url).href);
    const script = `import { readToken } from ${module}; process.stdout.write(Buffer.from(readToken(0)).toString('hex'));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { input: token });
    expect(stdout.toString()).toBe(token.toString('hex'));
  });
});

describe('refuses', () => {
  it.each([0o640, 0o604, 0o620, 0o666])('a file of mode %o', (mode) => {
    const name = file('a'.repeat(64), mode);
    expect(() => readToken(name)).toThrow(
      `token ${name}: a file that its owner alone can read (mode 0600) expected, got mode 0${mode.toString(8)}: chmod 600 it`,
    );
  });

  it.each(['', 'a'.repeat(63), 'g'.repeat(64), 'a'.repeat(65), 'a'.repeat(100), `${'a'.repeat(64)}\n\n`])(
    'what is no token, and does not show it: %j',
    (content) => {
      const name = file(content);
      expect(() => readToken(name)).toThrow(/^token .*: 64 hexadecimal characters or 32 raw bytes expected, got /);
      expect(() => readToken(name)).not.toThrow(/aaaa|gggg/);
    },
  );

  it('what is not there, in one line', () => {
    expect(() => readToken('/nowhere/token')).toThrow(/^token \/nowhere\/token: ENOENT.*$/);
    expect(() => readToken(tmpdir())).toThrow(/^token .*EISDIR.*$/);
  });

  it('to write over anything, or what is too short', () => {
    const name = file('mine');
    expect(() => writeToken(name, newToken())).toThrow(/^token .*: EEXIST/);
    const link = path();
    symlinkSync(`${link}-elsewhere`, link);
    expect(() => writeToken(link, newToken())).toThrow(/^token .*: EEXIST/);
    expect(readFileSync(name, 'latin1')).toBe('mine');
    expect(() => writeToken(path(), new Uint8Array(3))).toThrow(/32 bytes expected, got 3/);
  });
});
