import { hostname, networkInterfaces, userInfo } from 'node:os';
import { rootCertificates } from 'node:tls';
import { addon } from '@weft/native';
import { LoaderError } from '../errors.js';
import { fileStorage } from './file-storage.js';
import { nameNodeAddresses, readHadoopConf } from './hadoop-conf.js';
import { HdfsStorage } from './hdfs-storage.js';
import { parseLocation } from './location.js';
import { DEFAULT_RETRY } from './retry.js';
import type { Storage } from './storage.js';

/** How HDFS is reached. All of it may be left out. */
export interface StorageOptions {
  /** Of HDFS: whom to be. Default: the user of this process. */
  readonly user?: string | undefined;
  /** Of HDFS: a delegation token, as `readDelegationToken` gives it. It takes the place of the user. */
  readonly delegationToken?: string | undefined;
  /** Folder of core-site.xml and hdfs-site.xml, for logical names and ports: HADOOP_CONF_DIR. */
  readonly hadoopConfDir?: string | undefined;
  /** Of swebhdfs: certificates (PEM) to trust beside Node's own. */
  readonly ca?: string | undefined;
  /** Names and addresses of this machine, whose DataNode is preferred. Default: its host name and addresses. */
  readonly localHosts?: readonly string[] | undefined;
  /** How long a call goes on trying, in all. Default 60 s. */
  readonly deadlineMs?: number | undefined;
  /** How long a NameNode or DataNode may be silent before it is left for another. Default 15 s. */
  readonly idleMs?: number | undefined;
  /** Told, at most every 10 s, of a call that has been tried in vain for some seconds: one line, what fails and how long it is still tried. */
  readonly onWait?: ((line: string) => void) | undefined;
  /** Bytes that a read may hold ahead of its reader. Default 64 MiB. */
  readonly readAheadBytes?: number | undefined;
  /** Ranges that are read at a time. Default 4. */
  readonly concurrency?: number | undefined;
  /**
   * Whether blocks are read from the DataNodes' data transfer ports, as Hadoop's own client does: faster, and checked by CRC-32C on this side. Where a port cannot be
   * reached, wants SASL, or @weft/native is not built, WebHDFS is read from. Default true, but false over
   * HTTPS: blocks come unencrypted.
   */
  readonly directReads?: boolean | undefined;
}

const DEFAULT_IDLE_MS = 15_000;
const DEFAULT_READ_AHEAD_BYTES = 64 << 20;
const DEFAULT_CONCURRENCY = 4;
const NOTICE_EVERY_MS = 10_000;

/**
 * The file system that a path or URL is in, and the path within it. Nothing is connected to yet.
 *
 * @param location a path of this machine, file:///PATH, hdfs://HOST[:PORT]/PATH (several NameNodes joined by commas, or a logical name of `hadoopConfDir`),
 *   webhdfs:// (the same), swebhdfs:// (over HTTPS); the port is that of WebHDFS, 9870 where none is given
 * @throws LoaderError INVALID_ARGUMENT
 * @example const { storage, path } = openStorage('hdfs://namenode:9870/data/fashion-mnist', { user: 'weft' });
 */
export function openStorage(location: string, options: StorageOptions = {}): { storage: Storage; path: string } {
  const parsed = parseLocation(location);
  if (parsed.scheme === 'file') return { storage: fileStorage(), path: parsed.path };
  const { hadoopConfDir, localHosts, ca } = options;
  const conf = hadoopConfDir === undefined ? new Map<string, string>() : readHadoopConf(hadoopConfDir);
  const addresses = nameNodeAddresses(parsed, conf);
  const secure = addresses.some(({ protocol }) => protocol === 'https');
  const storage = new HdfsStorage({
    addresses,
    user: options.user ?? (options.delegationToken === undefined ? userOfThisProcess() : ''),
    delegationToken: options.delegationToken,
    ca: ca === undefined ? undefined : [...rootCertificates, ca],
    isLocal: localTest(localHosts),
    retry: {
      ...DEFAULT_RETRY,
      deadlineMs: positive('deadlineMs', options.deadlineMs ?? DEFAULT_RETRY.deadlineMs),
      onWait: seldom(options.onWait),
    },
    idleMs: positive('idleMs', options.idleMs ?? DEFAULT_IDLE_MS),
    readAheadBytes: positive('readAheadBytes', options.readAheadBytes ?? DEFAULT_READ_AHEAD_BYTES),
    directReads: (options.directReads ?? !secure) && addon().ok,
    concurrency: positive('concurrency', options.concurrency ?? DEFAULT_CONCURRENCY),
  });
  return { storage, path: parsed.path };
}

function userOfThisProcess(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    // A container may run under a number that has no name.
    const message = 'expected a user name for HDFS (--hdfs-user or HADOOP_USER_NAME): this process has none';
    throw new LoaderError('INVALID_ARGUMENT', message, { cause });
  }
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new LoaderError('INVALID_ARGUMENT', `${name}: expected a whole number above 0, got ${value}`);
}

/** Many calls wait for the same: one of them tells. */
function seldom(tell: ((line: string) => void) | undefined): ((line: string) => void) | undefined {
  let nextMs = 0;
  return (
    tell &&
    ((line) => {
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + NOTICE_EVERY_MS;
      tell(line);
    })
  );
}

/** Whether a name or address is this machine's. */
function localTest(hosts: readonly string[] | undefined): (host: string) => boolean {
  const local = new Set((hosts ?? hostsOfThisMachine()).map((host) => host.toLowerCase()));
  return (host) => local.has(host.toLowerCase()) || (hosts === undefined && host.startsWith('127.'));
}

/** The host name, whole and up to its first dot, and every address. */
export function hostsOfThisMachine(): string[] {
  const name = hostname();
  const addresses = Object.values(networkInterfaces()).flatMap((of) => (of ?? []).map(({ address }) => address));
  return [...new Set([name, name.split('.', 1)[0]!, 'localhost', ...addresses])];
}
