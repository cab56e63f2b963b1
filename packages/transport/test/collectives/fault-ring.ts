import { readdirSync, readlinkSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import type { Group } from '../../src/collectives/group.js';
import { type GroupOptions, joinGroup } from '../../src/collectives/join-group.js';
import { type FaultProxy, faultProxy } from '../fault-proxy.js';
import { TOKEN } from '../pair.js';
import { meeting } from './ring.js';

/** A group whose members see each other through proxies: what rank r sends to any other passes proxies[r].down. */
export interface FaultRing {
  readonly members: readonly Group[];
  readonly proxies: readonly FaultProxy[];
}

/** Begins to form such a group; `before` may break the proxies. */
export async function joining(
  size: number,
  o: Partial<GroupOptions>,
  before: (proxies: readonly FaultProxy[]) => void = () => {},
): Promise<{ readonly members: Promise<Group>[]; readonly proxies: readonly FaultProxy[] }> {
  const meet = meeting(size);
  const proxies: FaultProxy[] = [];
  const complete = meeting(size);
  const members = Array.from({ length: size }, (_, rank) =>
    joinGroup({
      rank,
      size,
      run: 'r1',
      token: TOKEN,
      meet: async (own) => {
        const proxy = await faultProxy({ target: own });
        proxies[rank] = proxy;
        onTestFinished(() => proxy.close());
        await meet(rank, own);
        if (rank === 0) before(proxies);
        return await complete(rank, proxy.address);
      },
      ...o,
    }),
  );
  return { members, proxies };
}

/** Forms such a group; it ends with the test. */
export async function faultRing(size: number, o: Partial<GroupOptions>): Promise<FaultRing> {
  const { members: forming, proxies } = await joining(size, o);
  const members = await Promise.all(forming);
  onTestFinished(async () => {
    await Promise.all(members.map((member) => member.close()));
  });
  return { members, proxies };
}

/** What a promise is rejected with. */
export const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What every error of rank r's n-th collective says. */
export const clearError = (rank: number, sequence = 1): object => ({
  name: 'TransportError',
  retryable: false,
  sequence,
  self: expect.stringMatching(new RegExp(`^worker ${rank} on .`)),
  peer: expect.stringMatching(/^worker \d at [\d.]+:\d+$/),
  operation: expect.stringMatching(new RegExp(`^[a-z-]+ #${sequence} piece \\d+ of \\d+$`)),
  message: expect.stringMatching(
    new RegExp(
      `^[a-z-]+ #${sequence} piece \\d+ of \\d+(: (nothing|[\\d,]+ of [\\d,]+ bytes) had come from worker \\d at [\\d.:]+` +
        `| to worker \\d at [\\d.:]+: [\\d,]+ of [\\d,]+ bytes had gone)[^\\n]+ \\(seen by worker ${rank} on [^\\n]+\\)$`,
    ),
  ),
});

/** This process's sockets, event descriptors and threads: what a group takes. */
export function taken(): { readonly descriptors: number; readonly threads: number } {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the one that readdir had open
    }
  });
  return {
    descriptors: links.filter((link) => /^(socket:|anon_inode:\[eventfd)/.test(link)).length,
    threads: readdirSync('/proc/self/task').length,
  };
}
