import { describe, expect, it } from 'vitest';
import { locatedBlocks } from '../../src/storage/located-blocks.js';

const located = (startOffset: number, blockId: number, isCorrupt = false) => ({
  startOffset,
  isCorrupt,
  block: { blockId, blockPoolId: 'BP-1', generationStamp: 1001, numBytes: 100 },
  blockToken: { urlString: 'AAAAAA' },
  locations: [{ hostName: 'h1', ipAddr: '10.0.0.1', xferPort: 9866 }],
});

describe('locatedBlocks', () => {
  it('gives blocks by offset, with what a direct read needs', () => {
    const blocks = locatedBlocks({ isUnderConstruction: false, locatedBlocks: [located(100, 8), located(0, 7)] });
    expect(blocks.map(({ offset, block }) => [offset, block?.id])).toEqual([
      [0, 7],
      [100, 8],
    ]);
    expect(blocks[0]).toEqual({
      offset: 0,
      length: 100,
      hosts: ['h1'],
      names: ['10.0.0.1:9866'],
      block: { poolId: 'BP-1', id: 7, generationStamp: 1001, bytes: 100, token: 'AAAAAA' },
    });
  });

  it.each([
    ['a file that is being written', true, located(0, 7)],
    ['an erasure-coded file', false, located(0, -(2 ** 63))],
    ['a corrupt block', false, located(0, 7, true)],
  ])('leaves %s to WebHDFS', (_, isUnderConstruction, block) => {
    expect(locatedBlocks({ isUnderConstruction, locatedBlocks: [block] })[0]?.block).toBeUndefined();
  });

  it('has none for an empty file', () => {
    expect(locatedBlocks({ isUnderConstruction: false })).toEqual([]);
  });
});
