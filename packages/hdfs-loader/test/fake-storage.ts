import { onTestFinished } from 'vitest';
import { type HdfsOptions, HdfsStorage } from '../src/storage/hdfs-storage.js';
import type { NameNodeAddress } from '../src/storage/name-nodes.js';
import { type FakeOptions, FakeWebHdfs } from './fake-web-hdfs.js';

/** The next attempt after a millisecond; otherwise patient, for a busy machine's pause is no fault. */
export const QUICK = {
  retry: { deadlineMs: 60_000, firstDelayMs: 1, maxDelayMs: 4 },
  idleMs: 30_000,
} as const;

/** What counts as silence where a test is about that. */
export const SILENCE_MS = 1_000;

/** Where its NameNodes listen. */
export function addressesOf(fake: FakeWebHdfs): NameNodeAddress[] {
  return fake.url
    .slice('hdfs://'.length)
    .split(',')
    .map((address) => ({ protocol: 'http', host: '127.0.0.1', port: Number(address.split(':')[1]) }));
}

/** A storage on the fake that closes when the test ends. Everything is read over WebHDFS, for the fake speaks nothing else. */
export function fakeStorage(fake: FakeWebHdfs, o: Partial<HdfsOptions> = {}): HdfsStorage {
  const addresses = addressesOf(fake);
  const storage = new HdfsStorage({
    addresses,
    user: 'weft',
    delegationToken: undefined,
    ca: undefined,
    isLocal: () => false,
    readAheadBytes: 64 << 20,
    concurrency: 4,
    directReads: false,
    ...QUICK,
    ...o,
  });
  onTestFinished(() => storage.close());
  return storage;
}

/** Bytes that are nowhere the same for long: byte i depends on i and on i / 251. */
export function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + Math.floor(i / 251)) & 255);
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

export async function entries<T>(of: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of of) all.push(entry);
  return all;
}

/** As patient as can be: for what must end by a signal. */
export const HOURS = { deadlineMs: 1e7, firstDelayMs: 1, maxDelayMs: 4 };

export const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** Data that is made while it is asked for, and cannot be gone over again. */
export async function* made(...words: string[]): AsyncGenerator<Uint8Array> {
  for (const word of words) yield text(word);
}

/** A fake, and a storage on it. */
export async function started(o: FakeOptions = {}): Promise<{ fake: FakeWebHdfs; storage: HdfsStorage }> {
  const fake = await FakeWebHdfs.start(o);
  return { fake, storage: fakeStorage(fake) };
}
