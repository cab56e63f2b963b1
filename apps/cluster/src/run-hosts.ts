/** The hosts of a run: those of a file, or this machine. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ClusterError, oneLine } from './errors.js';
import { type Host, parseHosts, requireThisMachine } from './hosts.js';
import { usage } from './option-schemas.js';

function readHosts(file: string): Host[] {
  try {
    return parseHosts(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    return usage(`--hosts ${file}: ${code === 'ENOENT' ? 'no such file' : oneLine(error)}`);
  }
}

const thisMachine = (slots: number): Host => ({
  name: 'localhost',
  slots,
  gpus: [],
  port: 0,
  user: null,
  where: 'no --hosts',
});

/** The default when no --hosts is given: two workers on this machine. */
const DEFAULT_SLOTS = 2;

/**
 * @param file of hosts; undefined for two workers on this machine
 * @throws {ClusterError} `usage`, naming the file or its line
 * @example hostsOf(undefined) // [{ name: 'localhost', slots: 2, … }]
 */
export function hostsOf(file: string | undefined): Host[] {
  const hosts = file === undefined ? [thisMachine(DEFAULT_SLOTS)] : readHosts(file);
  requireThisMachine(hosts);
  return hosts;
}

/** Threads of a worker where none are asked for: the cores over the slots of the fullest host. */
export function threadsOf(hosts: readonly Host[]): number {
  return Math.max(1, Math.floor(availableParallelism() / Math.max(...hosts.map(({ slots }) => slots))));
}

/** Keeps the first slots of the hosts, as many as can be used. @example limitSlots(hosts, 1) // one worker */
export function limitSlots(hosts: readonly Host[], most: number): Host[] {
  let left = most;
  return hosts.flatMap((host) => {
    const slots = Math.min(host.slots, left);
    left -= slots;
    return slots > 0 ? [{ ...host, slots }] : [];
  });
}
