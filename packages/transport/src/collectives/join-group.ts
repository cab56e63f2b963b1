import { availableParallelism } from 'node:os';
import type { WaitOptions } from '../connection.js';
import { deadline } from '../deadline.js';
import { dial } from '../dial.js';
import { openDoor } from '../door.js';
import { TransportError } from '../errors.js';
import { DEFAULT_TIMES } from '../limits.js';
import { isLoopback, type TlsOptions } from '../tls-mode.js';
import { selfName, waitError } from '../wait-error.js';
import { type Group, OpenGroup } from './group.js';
import { type Channels, openExecutor } from './open-executor.js';
import { peersOf } from './program.js';

/** Where a member listens while the group forms. */
export interface MemberAddress {
  readonly host: string;
  readonly port: number;
}

/** timeoutMs (default 10,000) and signal bound the forming of the group, not its life. */
export interface GroupOptions extends WaitOptions, TlsOptions {
  /** 0 … size − 1. */
  readonly rank: number;
  /** P, at least 1. */
  readonly size: number;
  /** What members call themselves. Default `worker`. */
  readonly role?: string | undefined;
  /** The run that they belong to. */
  readonly run: string;
  /** The run's token: 32 random bytes. */
  readonly token: Uint8Array;
  /** The address to listen on, reachable by the others. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: a free one. */
  readonly port?: number | undefined;
  /** Tells the others where this member listens, and resolves with all addresses in the order of their ranks: the launcher's business. */
  meet(own: MemberAddress): Promise<readonly MemberAddress[]>;
  /** Whether frames carry a checksum. Default: unless TLS has its own, or all members are on this machine. */
  readonly crc?: boolean | undefined;
  /** Who moves the bytes: `native`, a thread of the addon; `socket`, the event loop. Default the first that can. */
  readonly executor?: 'native' | 'socket' | undefined;
  /** The roster's term, stamped on what is sent. Default 0. */
  readonly term?: number | undefined;
}

/** Tries, of some 30 ns each, before a rank that waits goes to sleep: about what it takes to be woken. */
const SPINS = 2000;
/** The same where ranks exceed cores: every 32nd try lets another have the core. */
const CROWDED_SPINS = 96;

/**
 * Forms a group: listens, meets the others, connects to the at most 2 ⌈log₂ P⌉ ranks that collectives need, and resolves when all
 * of these connections are authenticated.
 *
 * @throws {TransportError} `configuration`, `address`, `unreachable`, `authentication`, `timeout`, `aborted`, or what meet throws
 * @example
 * const group = await joinGroup({ rank, size, run: 'r1', token, meet: async (own) => exchangeWithAll(own) });
 * await ringAllReduce(group, gradients, { op: 'mean' });
 */
export async function joinGroup(o: GroupOptions): Promise<Group> {
  const { rank, size, run, token, role = 'worker', host, port } = o;
  checkPlace(rank, size);
  const identity = { role, rank, run };
  const { tls, onWarning } = o;
  const security = { tls, ...(onWarning && { onWarning }) };
  const peers = peersOf({ rank, size });
  const channels = new Map<number, Channels>(peers.map((peer) => [peer, {}]));
  const forming = new AbortController();
  const { signal } = forming;
  const operation = `group of ${size}, rank ${rank}`;
  const timeoutMs = o.timeoutMs ?? DEFAULT_TIMES.connectMs;
  const wait = { operation: `${operation}: forming`, self: selfName(identity) };
  let refusal: TransportError | undefined;
  const onExpire = ({ code, reason, cause = refusal }: TransportError) => {
    const peer = peers.filter((rank) => !isComplete(channels.get(rank)!)).map((rank) => `${role} ${rank}`);
    const waited = peer.length === 0 ? reason : `${reason}; not connected with ${peer.join(', ')}`;
    forming.abort(waitError(code, { ...wait, peer: peer[0] }, { reason: waited, cause }));
  };
  const done = deadline({ timeoutMs, signal: o.signal, ...wait, onExpire });
  let allCame: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    allCame = resolve;
  });
  const givenUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  givenUp.catch(() => {});
  let waited = peers.length;
  try {
    const door = await openDoor({
      ...security,
      identity,
      token,
      host,
      port,
      signal,
      maxUnauthenticated: Math.max(16, peers.length),
      onRefused: (error) => {
        refusal = error;
      },
      onAuthenticated: (accepted) => {
        // Stays: an error between this and the executor's first look must not end the process.
        accepted.socket.on('error', () => {});
        const channel = accepted.peer.role === role ? channels.get(accepted.peer.rank) : undefined;
        if (channel === undefined || channel.send !== undefined || signal.aborted) {
          accepted.socket.destroy();
          // What the first of the two knows, or was told, is not what this one does: together they would hang.
          const peer = `${role} ${accepted.peer.rank} at ${accepted.address}`;
          const reason = `${peer} joined again: it was restarted, or two members have this rank`;
          if (channel !== undefined) forming.abort(waitError('lost', { ...wait, peer }, { reason }));
          return;
        }
        channel.send = accepted;
        waited -= 1;
        if (waited === 0) allCame();
      },
    });
    try {
      const addresses = await Promise.race([o.meet({ host: door.host, port: door.port }), givenUp]);
      checkAddresses(addresses, size, operation);
      await Promise.all(
        peers.map(async (peer) => {
          const { host, port } = addresses[peer]!;
          const expect = { role, rank: peer };
          const common = { ...security, identity, token, timeoutMs, signal };
          channels.get(peer)!.receive = await dial({ ...common, host, port, expect });
        }),
      );
      if (waited > 0) await Promise.race([all, givenUp]);
      return open(o, channels, addresses);
    } finally {
      await door.close();
    }
  } catch (cause) {
    forming.abort(cause);
    // Of many waits that end together the first knows why.
    const error = signal.reason as Error;
    for (const { receive, send } of channels.values()) {
      receive?.socket.destroy();
      send?.socket.destroy();
    }
    throw error;
  } finally {
    done();
  }
}

function isComplete({ receive, send }: Channels): boolean {
  return receive !== undefined && send !== undefined;
}

function checkAddresses(addresses: readonly MemberAddress[], size: number, operation: string): void {
  const fail = (expected: string, got: unknown) => {
    throw new TransportError('configuration', `${operation}: ${expected} expected of meet, got ${String(got)}`);
  };
  if (!Array.isArray(addresses) || addresses.length !== size) fail(`${size} addresses`, addresses?.length);
  // Not forEach, which leaves out holes.
  for (const [rank, address] of addresses.entries()) {
    const isAddress = typeof address?.host === 'string' && Number.isInteger(address.port);
    if (!isAddress) fail(`host and port of rank ${rank}`, JSON.stringify(address));
  }
}

function open(o: GroupOptions, channels: ReadonlyMap<number, Channels>, addresses: readonly MemberAddress[]): Group {
  const { rank, size, role = 'worker', term = 0 } = o;
  const own = addresses[rank]!.host;
  const local = addresses.every(({ host }) => isLoopback(host));
  const crc = o.crc ?? (o.tls === 'off' && !local);
  const neighbours = addresses.filter(({ host }) => host === own).length;
  const spins = neighbours > availableParallelism() ? CROWDED_SPINS : SPINS;
  return new OpenGroup({
    rank,
    size,
    crc,
    term,
    executor: openExecutor({ channels, crc, spins, kind: o.executor }),
    self: selfName({ role, rank, run: o.run }),
    nameOf: (peer) => `${role} ${peer} at ${addresses[peer]!.host}:${addresses[peer]!.port}`,
  });
}

function checkPlace(rank: number, size: number): void {
  if (!Number.isInteger(size) || size < 1) {
    throw new TransportError('configuration', `size: a whole number ≥ 1 expected, got ${String(size)}`);
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= size) {
    throw new TransportError('configuration', `rank: 0 to ${size - 1} expected, got ${String(rank)}`);
  }
}
