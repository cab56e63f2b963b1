import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { csvLines } from '../../src/sources/csv-lines.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { writeFiles } from '../image-folder.js';
import { scratchFolder } from '../scratch-folder.js';

async function lines(content: string | Uint8Array): Promise<[number, string][]> {
  const dir = scratchFolder();
  writeFiles(dir, { f: content });
  const found: [number, string][] = [];
  for await (const batch of csvLines(fileStorage(), join(dir, 'f'), undefined))
    for (const { bytes, number } of batch) found.push([number, bytes.toString()]);
  return found;
}

describe('csvLines', () => {
  it('numbers lines as an editor does, whatever their ends, and leaves out empty ones and a byte order mark', async () => {
    expect(await lines('\ufeffa,b\r\n\r\n1,2\n\n3,4')).toEqual([
      [1, 'a,b'],
      [3, '1,2'],
      [5, '3,4'],
    ]);
    expect(await lines('')).toEqual([]);
    expect(await lines('\n\n')).toEqual([]);
  });

  it('puts lines together that the pieces of a file cut, gzipped or not', async () => {
    const text = Array.from({ length: 5000 }, (_, i) => `${i},${'x'.repeat(i % 700)}`);
    for (const content of [text.join('\n'), gzipSync(text.join('\n'))]) {
      expect((await lines(content)).map(([, line]) => line)).toEqual(text);
    }
  });

  it('refuses a file without lines before it fills the memory', async () => {
    await expect(lines(Buffer.alloc((1 << 26) + (2 << 20), 0x31))).rejects.toThrow(
      /f: line 1: expected at most 67108864 bytes/,
    );
  }, 60_000);
});
