import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileStorage } from '../../src/storage/file-storage.js';
import { readWhole } from '../../src/storage/read-whole.js';
import { writeFiles } from '../image-folder.js';
import { scratchFolder } from '../scratch-folder.js';

describe('readWhole', () => {
  it('reads a file, empty or not, within its limit', async () => {
    const dir = scratchFolder();
    writeFiles(dir, { f: 'hello', empty: '' });
    const storage = fileStorage();
    expect((await readWhole(storage, join(dir, 'f'))).toString()).toBe('hello');
    expect((await readWhole(storage, join(dir, 'f'), { length: 4 })).toString()).toBe('hell');
    expect(await readWhole(storage, join(dir, 'empty'))).toHaveLength(0);
    await expect(readWhole(storage, join(dir, 'f'), { maxBytes: 4 })).rejects.toThrow(
      /f: expected at most 4 bytes, got 5/,
    );
    await expect(readWhole(storage, dir)).rejects.toThrow(/expected a file, got a directory/);
    await expect(readWhole(storage, join(dir, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
