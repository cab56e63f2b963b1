import type { FileStatus } from './storage.js';

/** Hadoop's words for a file or directory. */
export interface RemoteStatus {
  readonly pathSuffix: string;
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK';
  readonly length: number;
  readonly modificationTime: number;
  readonly owner: string;
  readonly group: string;
  readonly permission: string;
  readonly blockSize: number;
  readonly replication: number;
}

/** The same in ours. */
export function statusOf(path: string, status: RemoteStatus): FileStatus {
  return {
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    type: status.type === 'DIRECTORY' ? 'directory' : 'file',
    length: status.length,
    modifiedMs: status.modificationTime,
    owner: status.owner,
    group: status.group,
    permission: status.permission,
    blockSize: status.blockSize,
    replication: Math.max(1, status.replication),
  };
}
