import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unpacked, unpackedWhole } from '../../src/sources/unpacked.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { writeFiles } from '../image-folder.js';
import { scratchFolder } from '../scratch-folder.js';

const content = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251));
const file = (bytes: Uint8Array) => {
  const dir = scratchFolder();
  writeFiles(dir, { f: bytes });
  return join(dir, 'f');
};
const whole = (bytes: Uint8Array) => unpackedWhole(fileStorage(), file(bytes), { maxBytes: 1 << 24 });

describe('unpacked', () => {
  it('gives the content of a file, gzipped or not, of one member or several', async () => {
    expect((await whole(content)).equals(content)).toBe(true);
    expect((await whole(gzipSync(content))).equals(content)).toBe(true);
    expect((await whole(Buffer.concat([gzipSync('a'), gzipSync('b')]))).toString()).toBe('ab');
    expect(await whole(Buffer.alloc(0))).toHaveLength(0);
    expect((await whole(Buffer.of(0x1f))).equals(Buffer.of(0x1f))).toBe(true);
  });

  it('lets go of the file when its reader goes', async () => {
    for (const bytes of [content, gzipSync(content)]) {
      for await (const piece of unpacked(fileStorage(), file(bytes))) {
        expect(piece[0]).toBe(0);
        break;
      }
    }
  });

  it('names the file that is cut off, damaged, too large or not there', async () => {
    const damaged = gzipSync(content);
    damaged.fill(0xff, 20, 200);
    await expect(whole(gzipSync(content).subarray(0, 500))).rejects.toMatchObject({
      code: 'TRUNCATED',
      message: expect.stringMatching(/f: cannot unpack its 500 gzip bytes/),
    });
    await expect(whole(damaged)).rejects.toMatchObject({ code: 'INVALID_SOURCE' });
    await expect(unpackedWhole(fileStorage(), file(gzipSync(content)), { maxBytes: 1000 })).rejects.toThrow(
      /expected at most 1000 bytes unpacked/,
    );
    await expect(unpackedWhole(fileStorage(), '/nowhere/f', { maxBytes: 1 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const stopped = unpackedWhole(fileStorage(), file(content), {
      maxBytes: 1 << 24,
      signal: AbortSignal.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
  });
});
