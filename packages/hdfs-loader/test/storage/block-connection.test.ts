import { afterEach, describe, expect, it } from 'vitest';
import { BlockConnection } from '../../src/storage/block-connection.js';
import { type Behaviour, type FakeDataNode, fakeDataNode, pattern } from '../fake-data-node.js';

const SIZE = 300_000;
const content = pattern(SIZE);
const block = { poolId: 'BP-1', id: 7, generationStamp: 1, bytes: SIZE, token: 'AAAAAA' };

let node: FakeDataNode;
let connection: BlockConnection;

async function open(behaviour: Behaviour = {}, idleMs = 20_000): Promise<void> {
  node = await fakeDataNode(content);
  node.behaviour = behaviour;
  connection = BlockConnection.to(node.name, { idleMs });
}

/** @returns how many bytes were told of */
async function read(offset: number, into: Uint8Array): Promise<number> {
  let told = 0;
  await connection.read({
    block,
    offset,
    into,
    onBytes: (bytes) => {
      told += bytes;
    },
  });
  return told;
}

afterEach(async () => {
  connection.destroy(new Error('the test has ended'));
  await node.close();
});

describe('BlockConnection', () => {
  it.each([
    [0, SIZE],
    [0, 1],
    [1, 511],
    [511, 2],
    [512, 512],
    [1000, 70_000],
    [65_536, 65_536],
    [SIZE - 1, 1],
    [123, SIZE - 123],
  ])('reads [%i, +%i), and leaves what lies around it alone', async (offset, length) => {
    await open();
    const memory = new Uint8Array(length + 20).fill(0xee);
    expect(await read(offset, memory.subarray(10, 10 + length))).toBe(length);
    expect(Buffer.compare(memory.subarray(10, 10 + length), content.subarray(offset, offset + length))).toBe(0);
    expect([...memory.subarray(0, 10), ...memory.subarray(10 + length)].every((byte) => byte === 0xee)).toBe(true);
  });

  it.each([1, 7, 600])('puts an answer together that comes in pieces of %i bytes', async (pieceBytes) => {
    await open({ pieceBytes, packetBytes: 1024 });
    const into = new Uint8Array(3000);
    await read(700, into);
    expect(Buffer.compare(into, content.subarray(700, 3700))).toBe(0);
  });

  it('serves one read after the other, and says that each was right', async () => {
    await open();
    for (const offset of [0, 100_000, 7]) {
      const into = new Uint8Array(70_000);
      await read(offset, into);
      expect(Buffer.compare(into, content.subarray(offset, offset + 70_000))).toBe(0);
      expect(connection.isUsable).toBe(true);
    }
    expect(node.connections).toBe(1);
    expect(node.requests).toHaveLength(3);
  });

  it.each<[string, Behaviour, string]>([
    ['refuses', { status: 5, message: 'Block token is expired' }, 'refused with status 5: Block token is expired'],
    ['keeps CRC-32', { checksumType: 1 }, 'expected a CRC-32C of each chunk, got checksum type 1 of 512 bytes'],
    ['ends at once', { cutAfter: 0 }, 'closed by the DataNode'],
    ['ends in the response', { cutAfter: 3 }, 'closed by the DataNode'],
    ['ends in a packet', { cutAfter: 100_000 }, 'closed by the DataNode'],
    ['sends damaged bytes', { damageAt: 130_000 }, 'checksum wrong at byte 129536 of the block'],
    ['sends fewer bytes', { shortBy: 1000 }, `expected ${SIZE} bytes, got ${SIZE - 1000}`],
    ['sends no length', { raw: Buffer.from([0xff, 0xff, 0xff, 0xff]) }, 'expected the length of a response'],
    [
      'sends a huge response',
      { raw: Buffer.from([0xff, 0xff, 0x7f]) },
      'expected a response of 1 to 65536 bytes, got 2097151',
    ],
    ['speaks HTTP', { raw: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.padEnd(200)) }, 'DataNode 127.0.0.1:'],
  ])('fails with one line where the DataNode %s', async (_, behaviour, words) => {
    await open(behaviour);
    await expect(read(0, new Uint8Array(SIZE))).rejects.toThrow(words);
    expect(connection.isUsable).toBe(false);
    await expect(read(0, new Uint8Array(1))).rejects.toThrow(words);
  });

  it('refuses a packet that is larger than any', async () => {
    const response = Buffer.from([15, 8, 0, 34, 11, 10, 5, 8, 2, 16, 128, 4, 16, 0, 48, 3]);
    await open({ raw: Buffer.concat([response, Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 25])]) });
    await expect(read(0, new Uint8Array(10))).rejects.toThrow(
      'expected a packet of at most 16777216 bytes, got 2147483643',
    );
  });

  it('tells of what came before the failure, and no byte more', async () => {
    await open({ damageAt: 200_000 });
    const into = new Uint8Array(SIZE);
    let told = 0;
    const done = connection.read({
      block,
      offset: 0,
      into,
      onBytes: (bytes) => {
        told += bytes;
      },
    });
    await expect(done).rejects.toThrow('checksum wrong');
    expect(told).toBe(3 * 65_536);
    expect(Buffer.compare(into.subarray(0, told), content.subarray(0, told))).toBe(0);
  });

  it('leaves a DataNode that is silent', async () => {
    await open({ silentAfter: 70_000 }, 50);
    await expect(read(0, new Uint8Array(SIZE))).rejects.toThrow('silent for 50 ms');
  });

  it('rejects with the reason when it is destroyed', async () => {
    await open({ silentAfter: 10 });
    const reason = new Error('stop');
    const pending = read(0, new Uint8Array(10));
    connection.destroy(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it('says where nobody listens', async () => {
    await open();
    await node.close();
    const nobody = BlockConnection.to(node.name, { idleMs: 1000 });
    await expect(nobody.read({ block, offset: 0, into: new Uint8Array(1), onBytes: () => {} })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
