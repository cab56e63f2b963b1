import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { prepareHadoop } from '../../src/hadoop/prepare.js';
import { scratchFolder } from '../scratch-folder.js';

describe('prepareHadoop', () => {
  it('fetches nothing where there is no Java', async () => {
    const dataHome = scratchFolder();
    await expect(prepareHadoop({ dataHome, searchPath: '/nowhere' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await readdir(dataHome)).toEqual([]);
  });
});
