import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAnnotationTable, shown } from '../../src/sources/annotation-table.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { writeFiles } from '../image-folder.js';
import { scratchFolder } from '../scratch-folder.js';

const read = (text: string) => {
  const dir = scratchFolder();
  writeFiles(dir, { 't.txt': text });
  return readAnnotationTable(fileStorage(), join(dir, 't.txt'), { columns: ['image_name', 'label'] });
};

describe('readAnnotationTable', () => {
  it('reads padded columns, spaces in names, and either line end', async () => {
    const { rows, bytes } = await read('2\r\nimage_name   label\r\nimg/a b/1.jpg      7\r\nimg/c.jpg\t x \n\n');
    expect(rows).toEqual([
      { name: 'img/a b/1.jpg', value: '7', line: 3 },
      { name: 'img/c.jpg', value: 'x', line: 4 },
    ]);
    expect(bytes.length).toBeGreaterThan(10);
  });

  it.each([
    ['an empty file', '', 'INVALID_SOURCE', /t\.txt: line 1: expected the number of rows, got ""/],
    ['no count', 'image_name label\n', 'INVALID_SOURCE', /line 1: expected the number of rows, got "image_name label"/],
    [
      'another header',
      '1\nname label\na 1\n',
      'INVALID_SOURCE',
      /line 2: expected the columns image_name label, got "name label"/,
    ],
    ['too few rows', '3\nimage_name label\na 1\n', 'TRUNCATED', /line 1: expected 3 rows, got 1/],
    ['too many rows', '1\nimage_name label\na 1\nb 2\n', 'INVALID_SOURCE', /expected 1 rows, got 2/],
    [
      'a row of one word',
      '2\nimage_name label\na 1\nb\n',
      'INVALID_SOURCE',
      /line 4: expected image_name label, got "b"/,
    ],
  ])('refuses %s', async (_, text, code, message) => {
    await expect(read(text)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('shown', () => {
  it('is one line, cut', () => {
    expect(shown('a\nb')).toBe('"a\\nb"');
    expect(shown('x'.repeat(100)).length).toBeLessThan(62);
  });
});
