import { describe, expect, it } from 'vitest';
import { collect, fakeStorage, patterned } from '../fake-storage.js';
import { FakeWebHdfs } from '../fake-web-hdfs.js';

const SIZE = 1_000_000;
const bytes = patterned(SIZE);

async function open(o: { readAheadBytes: number; concurrency: number }) {
  const fake = await FakeWebHdfs.start({ blockSize: 128 << 10 });
  fake.tree.put('/f', bytes);
  return { fake, storage: fakeStorage(fake, o) };
}

describe('HdfsReader', () => {
  it('fills the memory of pieces again where their reader lets it, and touches no more than the read-ahead', async () => {
    const { storage } = await open({ readAheadBytes: 256 << 10, concurrency: 2 });
    const memories = new Set<ArrayBufferLike>();
    let offset = 0;
    for await (const piece of storage.read('/f', { reuse: true })) {
      expect(Buffer.compare(piece, bytes.subarray(offset, offset + piece.length))).toBe(0);
      offset += piece.length;
      memories.add(piece.buffer);
    }
    expect(offset).toBe(SIZE);
    expect([...memories].reduce((sum, memory) => sum + memory.byteLength, 0)).toBeLessThanOrEqual(256 << 10);
  });

  it('gives each piece memory of its own otherwise', async () => {
    const { storage } = await open({ readAheadBytes: 256 << 10, concurrency: 2 });
    const pieces: Uint8Array[] = [];
    for await (const piece of storage.read('/f')) pieces.push(piece);
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
  });

  it('reads ranges of any size and start, small ones without a look at the blocks', async () => {
    const { fake, storage } = await open({ readAheadBytes: 1 << 20, concurrency: 3 });
    for (const [offset, length] of [
      [0, SIZE],
      [131_071, 2],
      [131_072, 131_072],
      [5, 300_000],
      [SIZE - 1, 1],
      [SIZE, 0],
    ] as const) {
      const into = new Uint8Array(length);
      await storage.readInto('/f', into, { offset });
      expect(Buffer.compare(into, bytes.subarray(offset, offset + length))).toBe(0);
      expect(Buffer.compare(await collect(storage.read('/f', { offset, length, reuse: false })), into)).toBe(0);
    }
    const looks = fake.seen.filter(({ op }) => op === 'GETFILEBLOCKLOCATIONS').length;
    expect(looks).toBe(4);
  });
});
