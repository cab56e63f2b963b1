/** Where the blocks of a file lie, asked of the NameNode. */
import { z } from 'zod';
import { LoaderError } from '../errors.js';
import { locatedBlocks, REMOTE_BLOCKS } from './located-blocks.js';
import type { NameNodes } from './name-nodes.js';
import type { LocatedBlock } from './range-plan.js';
import type { BlockLocation } from './storage.js';

const COUNT = z.int().nonnegative();
const BLOCK_LOCATIONS = z.object({
  BlockLocation: z
    .array(z.object({ offset: COUNT, length: COUNT, hosts: z.array(z.string()), names: z.array(z.string()) }))
    .optional(),
});

interface Range {
  readonly offset: number;
  readonly length: number;
  readonly signal: AbortSignal | undefined;
}

/** The blocks of a range of a file, by offset. @throws LoaderError */
export async function blockLocations(nameNodes: NameNodes, path: string, o: Range): Promise<BlockLocation[]> {
  const { offset, length, signal } = o;
  const { BlockLocation = [] } = await nameNodes.ask({
    op: 'GETFILEBLOCKLOCATIONS',
    field: 'BlockLocations',
    schema: BLOCK_LOCATIONS,
    path,
    parameters: { offset, length },
    signal,
  });
  return BlockLocation.sort((a, b) => a.offset - b.offset);
}

/**
 * The same for a read: with the blocks' names and tokens where they may be read directly; without any where a gateway knows neither operation, for then
 * that chooses the replicas itself.
 *
 * @throws LoaderError
 */
export async function blocksToRead(
  nameNodes: NameNodes,
  path: string,
  o: Range & { readonly directReads: boolean },
): Promise<LocatedBlock[]> {
  const { offset, length, signal, directReads } = o;
  if (directReads) {
    try {
      const blocks = await nameNodes.ask({
        op: 'GET_BLOCK_LOCATIONS',
        field: 'LocatedBlocks',
        schema: REMOTE_BLOCKS,
        path,
        parameters: { offset, length },
        signal,
      });
      return locatedBlocks(blocks);
    } catch (error) {
      requireUnknown(error, signal);
    }
  }
  try {
    return await blockLocations(nameNodes, path, o);
  } catch (error) {
    requireUnknown(error, signal);
    return [];
  }
}

/** An operation that a gateway does not know is refused by one of these. @throws error, unless it is one */
function requireUnknown(error: unknown, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  if (error instanceof LoaderError && (error.code === 'IO' || error.code === 'INVALID_ARGUMENT')) return;
  throw error;
}
