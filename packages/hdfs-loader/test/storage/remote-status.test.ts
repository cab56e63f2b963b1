import { describe, expect, it } from 'vitest';
import { type RemoteStatus, statusOf } from '../../src/storage/remote-status.js';

const remote: RemoteStatus = {
  pathSuffix: '',
  type: 'FILE',
  length: 5,
  modificationTime: 1_700_000_000_000,
  owner: 'weft',
  group: 'supergroup',
  permission: '644',
  blockSize: 1 << 20,
  replication: 2,
};

describe('statusOf', () => {
  it('is a file', () => {
    expect(statusOf('/a/b c', remote)).toEqual({
      path: '/a/b c',
      name: 'b c',
      type: 'file',
      length: 5,
      modifiedMs: 1_700_000_000_000,
      owner: 'weft',
      group: 'supergroup',
      permission: '644',
      blockSize: 1 << 20,
      replication: 2,
    });
  });

  it('is a directory, of which there is one copy', () => {
    const directory = { ...remote, type: 'DIRECTORY' as const, length: 0, replication: 0 };
    expect(statusOf('/', directory)).toMatchObject({ path: '/', name: '', type: 'directory', replication: 1 });
  });
});
