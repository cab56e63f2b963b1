import { onTestFinished } from 'vitest';
import type { Group } from '../../src/collectives/group.js';
import { type GroupOptions, joinGroup, type MemberAddress } from '../../src/collectives/join-group.js';
import { TOKEN } from '../pair.js';

/** P 1 … 8, and for each the lengths at which cutting into chunks has its corners. */
export const SIZES = [1, 2, 3, 4, 5, 6, 7, 8] as const;
export const lengthsFor = (size: number): number[] => [
  ...new Set([0, 1, Math.max(0, size - 1), size, size + 1, 1000, 100_003]),
];

/** Where the members of one group learn of each other. */
export function meeting(size: number): (rank: number, own: MemberAddress) => Promise<MemberAddress[]> {
  const addresses: MemberAddress[] = [];
  let came = 0;
  let complete: (all: MemberAddress[]) => void = () => {};
  const all = new Promise<MemberAddress[]>((resolve) => {
    complete = resolve;
  });
  return (rank, own) => {
    addresses[rank] = own;
    came += 1;
    if (came === size) complete(addresses);
    return all;
  };
}

/** All members of a group, in this process; they end with the test. */
export async function groups(size: number, o: Partial<GroupOptions> = {}): Promise<Group[]> {
  const meet = meeting(size);
  const members = await Promise.all(
    Array.from({ length: size }, (_, rank) =>
      joinGroup({ rank, size, run: 'r1', token: TOKEN, meet: (own) => meet(rank, own), ...o }),
    ),
  );
  onTestFinished(async () => {
    await Promise.all(members.map((member) => member.close()));
  });
  return members;
}

/** Rank r's element i. Sums over eight ranks are exact in float32. */
const elementOf = (rank: number, i: number): number => (rank + 1) * ((i % 13) - 5);
export const vectorOf = (rank: number, n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => elementOf(rank, i));

/** What a reduction over all ranks gives. */
export function reduced(op: 'sum' | 'mean' | 'max', size: number, n: number): Float32Array {
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  return Float32Array.from({ length: n }, (_, i) => {
    const values = ranks.map((rank) => elementOf(rank, i));
    const sum = values.reduce((a, b) => a + b, 0);
    return op === 'max' ? Math.max(...values) : op === 'sum' ? sum : Math.fround(Math.fround(1 / size) * sum);
  });
}

/** Whether two vectors hold the same bits. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  return (
    Buffer.compare(
      new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
      new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
    ) === 0
  );
}
