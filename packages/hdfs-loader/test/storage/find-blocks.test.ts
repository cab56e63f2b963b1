import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blockLocations, blocksToRead } from '../../src/storage/find-blocks.js';
import { NameNodes } from '../../src/storage/name-nodes.js';
import { answer, denied, starting } from '../fake-faults.js';
import { QUICK } from '../fake-storage.js';
import { type FakeOptions, FakeWebHdfs } from '../fake-web-hdfs.js';

async function asking(o: FakeOptions = {}): Promise<{ fake: FakeWebHdfs; nameNodes: NameNodes }> {
  const fake = await FakeWebHdfs.start({ blockSize: 10, dataNodes: 3, ...o });
  fake.tree.put('/f', new Uint8Array(25));
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const port = Number(fake.address('nn1').split(':')[1]);
  const addresses = [{ protocol: 'http' as const, host: '127.0.0.1', port }];
  return { fake, nameNodes: new NameNodes({ addresses, credentials: {}, ...QUICK, agent }) };
}

const all = { offset: 0, length: 25, signal: undefined };

describe('blockLocations', () => {
  it('is by offset, with hosts and addresses', async () => {
    const { fake, nameNodes } = await asking();
    const blocks = await blockLocations(nameNodes, '/f', all);
    expect(blocks.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 10],
      [10, 10],
      [20, 5],
    ]);
    expect(blocks[1]).toEqual({
      offset: 10,
      length: 10,
      hosts: ['dn2.example', 'dn3.example'],
      names: ['127.0.0.1:2', '127.0.0.1:3'],
    });
    fake.fault({}, answer('{"BlockLocations":{}}'));
    expect(await blockLocations(nameNodes, '/f', all)).toEqual([]);
  });
});

describe('blocksToRead', () => {
  it('asks for the blocks’ names where they are read directly', async () => {
    const { fake, nameNodes } = await asking();
    const located = {
      LocatedBlocks: {
        isUnderConstruction: false,
        locatedBlocks: [
          {
            startOffset: 0,
            isCorrupt: false,
            block: { blockId: 7, blockPoolId: 'BP', generationStamp: 1, numBytes: 25 },
            blockToken: { urlString: 'AAAA' },
            locations: [{ hostName: 'dn', ipAddr: '10.0.0.1', xferPort: 9866 }],
          },
        ],
      },
    };
    fake.fault({ op: 'GET_BLOCK_LOCATIONS' }, answer(JSON.stringify(located)));
    const [block] = await blocksToRead(nameNodes, '/f', { ...all, directReads: true });
    expect(block).toMatchObject({ names: ['10.0.0.1:9866'], block: { id: 7 } });
  });

  it('does without what a gateway does not know: names first, then places', async () => {
    const old = await asking();
    expect(await blocksToRead(old.nameNodes, '/f', { ...all, directReads: true })).toHaveLength(3);
    expect(old.fake.seen.map(({ op }) => op)).toEqual(['GET_BLOCK_LOCATIONS', 'GETFILEBLOCKLOCATIONS']);
    const gateway = await asking({ httpFs: true });
    expect(await blocksToRead(gateway.nameNodes, '/f', { ...all, directReads: true })).toEqual([]);
    expect(await blocksToRead(gateway.nameNodes, '/f', { ...all, directReads: false })).toEqual([]);
  });

  it('does not take a failure for that', async () => {
    const { fake, nameNodes } = await asking();
    fake.fault({}, starting, 2);
    expect(await blocksToRead(nameNodes, '/f', { ...all, directReads: false })).toHaveLength(3);
    fake.fault({}, denied);
    await expect(blocksToRead(nameNodes, '/f', { ...all, directReads: true })).rejects.toMatchObject({
      code: 'PERMISSION',
    });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(blocksToRead(nameNodes, '/f', { ...all, directReads: true, signal })).rejects.toThrow('enough');
  });
});
