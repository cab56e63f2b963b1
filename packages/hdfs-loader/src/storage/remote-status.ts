import { z } from 'zod';
import type { FileStatus } from './storage.js';

/** Hadoop's words for a file or directory, as they come. */
export const REMOTE_STATUS = z.object({
  pathSuffix: z.string(),
  type: z.enum(['FILE', 'DIRECTORY', 'SYMLINK']),
  length: z.int().nonnegative(),
  modificationTime: z.number(),
  owner: z.string(),
  group: z.string(),
  permission: z.string(),
  blockSize: z.number(),
  replication: z.number(),
});
export type RemoteStatus = z.infer<typeof REMOTE_STATUS>;

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
