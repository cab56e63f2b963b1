import { z } from 'zod';
import type { LocatedBlock } from './range-plan.js';

/** WebHDFS's answer to GET_BLOCK_LOCATIONS: Hadoop's LocatedBlocks as JSON. */
export const REMOTE_BLOCKS = z.object({
  isUnderConstruction: z.boolean(),
  locatedBlocks: z
    .array(
      z.object({
        startOffset: z.int().nonnegative(),
        isCorrupt: z.boolean(),
        // Ids and stamps are 64 bits: JSON's numbers round some of them, which are not read directly.
        block: z.object({
          blockId: z.number(),
          blockPoolId: z.string(),
          generationStamp: z.number(),
          numBytes: z.int().nonnegative(),
        }),
        blockToken: z.object({ urlString: z.string() }),
        locations: z.array(
          z.object({ hostName: z.string(), ipAddr: z.string(), xferPort: z.int().min(0).max(65_535) }),
        ),
      }),
    )
    .optional(),
});

/**
 * The blocks by offset, each with its name where it can be read directly: not while the file is written to (its last block grows), and not those of erasure-coded
 * files, whose ids are negative and whose bytes lie in stripes.
 */
export function locatedBlocks(blocks: z.infer<typeof REMOTE_BLOCKS>): LocatedBlock[] {
  return (blocks.locatedBlocks ?? [])
    .map(({ startOffset, block, blockToken, isCorrupt, locations }) => {
      const { blockId, blockPoolId, generationStamp, numBytes } = block;
      const direct = !blocks.isUnderConstruction && !isCorrupt && blockId > 0 && Number.isSafeInteger(blockId);
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
