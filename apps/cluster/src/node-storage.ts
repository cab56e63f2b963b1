/** How a process that a run starts reaches the storage that its coordinator does. */
import type { StorageOptions } from '@weft/hdfs-loader';
import { type Host, isPartOfThisMachine } from './hosts.js';

/**
 * What crosses the wire: without the coordinator's callback, and without what is not said, of which the wire would make a null.
 *
 * @example storageAt(host, { user: 'alice' }) // { user: 'alice' }
 */
export function storageAt(host: Host, storage: StorageOptions): StorageOptions {
  // A machine knows its own names best, unless it stands for several.
  const localHosts = isPartOfThisMachine(host.name) ? [host.name] : undefined;
  const options = { ...storage, localHosts, onWait: undefined };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
