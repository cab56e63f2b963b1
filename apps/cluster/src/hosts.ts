/**
 * hosts.txt: one host a line.
 *
 *   line    = [ name *( option ) ] [ "#" comment ]
 *   option  = "slots=" N | "gpus=" N *( "," N ) | "port=" N | "user=" NAME
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { hostsOfThisMachine } from '@weft/hdfs-loader';
import { ClusterError, shown } from './errors.js';

/** A line of hosts.txt. */
export interface Host {
  readonly name: string;
  /** Worker processes to run there. */
  readonly slots: number;
  readonly gpus: readonly number[];
  /** First port of its parameter shards; 0 lets each take a free one. */
  readonly port: number;
  readonly user: string | null;
  /** `file:line`, for errors. */
  readonly where: string;
}

const MAX_NAME_LENGTH = 253;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** A host name or an IPv4 address as it stands, an IPv6 address without its brackets; null for anything else. */
function parseName(word: string): string | null {
  if (word.length > MAX_NAME_LENGTH) return null;
  const address = /^\[(.*)\]$/.exec(word)?.[1] ?? word;
  if (isIPv6(address)) return address;
  return NAME.test(word) ? word : null;
}

function fail(where: string, message: string): never {
  throw new ClusterError('usage', `${where}: ${message}`);
}

function wholeNumber(text: string, range: { min: number; max: number }): number | null {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return value >= range.min && value <= range.max ? value : null;
}

function parseLine(words: readonly string[], where: string): Host {
  const [word = '', ...options] = words;
  const name = parseName(word) ?? fail(where, `a host name or address expected, got ${shown(word)}`);
  let slots = 1;
  let gpus: number[] = [];
  let port = 0;
  let user: string | null = null;
  const seen = new Set<string>();
  for (const option of options) {
    const [key = '', value = ''] = option.split(/=(.*)/s);
    if (seen.has(key)) fail(where, `${key}= is given twice`);
    seen.add(key);
    switch (key) {
      case 'slots':
        slots =
          wholeNumber(value, { min: 1, max: 1024 }) ?? fail(where, `slots=1 to 1024 expected, got ${shown(option)}`);
        break;
      case 'gpus':
        gpus = value
          .split(',')
          .map(
            (n) => wholeNumber(n, { min: 0, max: 1023 }) ?? fail(where, `gpus=0,1,… expected, got ${shown(option)}`),
          );
        if (new Set(gpus).size < gpus.length) fail(where, `each GPU once expected, got ${shown(option)}`);
        break;
      case 'port':
        port =
          wholeNumber(value, { min: 1, max: 65535 }) ?? fail(where, `port=1 to 65535 expected, got ${shown(option)}`);
        break;
      case 'user':
        user = /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(value)
          ? value
          : fail(where, `user=NAME expected, got ${shown(option)}`);
        break;
      default:
        fail(where, `slots=, gpus=, port= or user= expected, got ${shown(option)}`);
    }
  }
  return { name, slots, gpus, port, user, where };
}

/**
 * Reads the text of a hosts file.
 *
 * @param file its name, for errors
 * @throws {ClusterError} `usage`, naming the line
 * @example parseHosts('node1 slots=2\nnode2 gpus=0,1  # the big one', 'hosts.txt')
 */
export function parseHosts(text: string, file: string): Host[] {
  const hosts: Host[] = [];
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const words = line
      .replace(/#.*/s, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) continue;
    const host = parseLine(words, `${file}:${i + 1}`);
    const before = hosts.find((h) => h.name.toLowerCase() === host.name.toLowerCase());
    if (before) fail(host.where, `${host.name} stands at ${before.where} already: use slots=N for several processes`);
    hosts.push(host);
  }
  if (hosts.length === 0) throw new ClusterError('usage', `${file}: at least one host expected, got none`);
  return hosts;
}

/** A loopback name or address: what is sent there never leaves the kernel. */
function isLoopback(name: string): boolean {
  return name.toLowerCase() === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/** Where processes of this machine listen that no other has to reach. */
const LOOPBACK = '127.0.0.1';

/**
 * Where the processes of a host listen. A host that is named by its address is listened on there, and under TLS unless that is
 * loopback; one that is named otherwise is this machine for now, and loopback does.
 *
 * @example addressOf(parseHosts('10.0.0.7', 'hosts.txt')[0]) // '10.0.0.7'
 */
export function addressOf({ name }: Host): string {
  return isIP(name) !== 0 ? name : LOOPBACK;
}

/** Where all hosts of a run can reach its coordinator: a network's address, if one of them has one. */
export function coordinatorAddress(hosts: readonly Host[]): string {
  return hosts.map(addressOf).find((address) => !isLoopback(address)) ?? LOOPBACK;
}

const ownNames = (): string[] => [LOOPBACK, ...hostsOfThisMachine().map((name) => name.toLowerCase())];

/** Whether a host is the machine that this runs on: a loopback name or address, its host name, or one of its addresses. */
export function isThisMachine(name: string): boolean {
  return isLoopback(name) || ownNames().includes(name.toLowerCase());
}

/**
 * The names, in lower case, that a host goes by where data is kept. Another loopback address than the usual one stands for itself
 * alone: several of them make several hosts of one machine.
 *
 * @example namesOf('127.0.1.5') // ['127.0.1.5']
 */
export function namesOf(name: string): string[] {
  const own = ownNames();
  return own.includes(name.toLowerCase()) ? own : [name.toLowerCase()];
}

/** Whether a host is one of several that this machine stands for: a loopback address other than the usual one. */
export function isPartOfThisMachine(name: string): boolean {
  return isLoopback(name) && !ownNames().includes(name.toLowerCase());
}

/** The host of each worker, by rank: slot after slot, host after host. */
export function workerHosts(hosts: readonly Host[]): Host[] {
  return hosts.flatMap((host) => Array.from({ length: host.slots }, () => host));
}

/** @throws {ClusterError} `usage` for the first host that is not this machine */
export function requireThisMachine(hosts: readonly Host[]): void {
  const remote = hosts.find(({ name }) => !isThisMachine(name));
  if (remote) {
    fail(
      remote.where,
      `"${remote.name}" is not this machine (localhost, ${hostname()}): starting processes on remote hosts is not built yet`,
    );
  }
}
