import { LoaderError } from '../errors.js';
import { fileStorage } from './file-storage.js';
import { parseLocation } from './location.js';
import type { Storage } from './storage.js';

/** How HDFS is reached. All of it may be left out. */
export interface StorageOptions {
  /** Of HDFS: whom to be. Default: the user of this process. */
  readonly user?: string | undefined;
  /** Of HDFS: a delegation token, as `hdfs fetchdt` gives it, URL-encoded. It takes the place of the user. */
  readonly delegationToken?: string | undefined;
  /** Folder of core-site.xml and hdfs-site.xml, for logical names and ports: HADOOP_CONF_DIR. */
  readonly hadoopConfDir?: string | undefined;
  /** Of swebhdfs: certificates (PEM) to trust beside the system's. */
  readonly ca?: string | undefined;
  /** Names and addresses of this machine, whose DataNode is preferred. Default: its host name and addresses. */
  readonly localHosts?: readonly string[] | undefined;
  /** How long a call goes on trying, in all. Default 60 s. */
  readonly deadlineMs?: number | undefined;
  /** Bytes that a read may hold ahead of its reader. Default 64 MiB. */
  readonly readAheadBytes?: number | undefined;
  /** Ranges that are read at a time. Default 4. */
  readonly concurrency?: number | undefined;
}

/**
 * The file system that a path or URL is in, and the path within it.
 *
 * @throws LoaderError INVALID_ARGUMENT
 * @example const { storage, path } = openStorage('hdfs://namenode:9870/data/fashion-mnist', { user: 'weft' });
 */
export function openStorage(location: string, _options: StorageOptions = {}): { storage: Storage; path: string } {
  const parsed = parseLocation(location);
  if (parsed.scheme === 'file') return { storage: fileStorage(), path: parsed.path };
  throw new LoaderError('INVALID_ARGUMENT', `${location}: not yet`);
}
