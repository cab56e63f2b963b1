import type { LocatedBlock } from './range-plan.js';

/** WebHDFS's answer to GET_BLOCK_LOCATIONS: Hadoop's LocatedBlocks as JSON. */
export interface RemoteBlocks {
  readonly LocatedBlocks: {
    readonly isUnderConstruction: boolean;
    readonly locatedBlocks?: readonly {
      readonly startOffset: number;
      readonly isCorrupt: boolean;
      readonly block: { blockId: number; blockPoolId: string; generationStamp: number; numBytes: number };
      readonly blockToken: { urlString: string };
      readonly locations: readonly { hostName: string; ipAddr: string; xferPort: number }[];
    }[];
  };
}

/**
 * The blocks by offset, each with its name where it can be read directly: not while the file is written to (its last block grows), and not those of erasure-coded
 * files, whose ids are negative and whose bytes lie in stripes.
 */
export function locatedBlocks({ LocatedBlocks }: RemoteBlocks): LocatedBlock[] {
  return (LocatedBlocks.locatedBlocks ?? [])
    .map(({ startOffset, block, blockToken, isCorrupt, locations }) => {
      const { blockId, blockPoolId, generationStamp, numBytes } = block;
      const direct = !LocatedBlocks.isUnderConstruction && !isCorrupt && blockId > 0 && Number.isSafeInteger(blockId);
      const id = { poolId: blockPoolId, id: blockId, generationStamp, bytes: numBytes, token: blockToken.urlString };
      return {
        offset: startOffset,
        length: numBytes,
        hosts: locations.map(({ hostName }) => hostName),
        names: locations.map(({ ipAddr, xferPort }) => `${ipAddr}:${xferPort}`),
        ...(direct ? { block: id } : {}),
      };
    })
    .sort((a, b) => a.offset - b.offset);
}
