/** Where the blocks of a file lie, asked of the NameNode. */
import { LoaderError } from '../errors.js';
import { locatedBlocks, type RemoteBlocks } from './located-blocks.js';
import type { NameNodes } from './name-nodes.js';
import type { LocatedBlock } from './range-plan.js';
import type { BlockLocation } from './storage.js';

interface Range {
  readonly offset: number;
  readonly length: number;
  readonly signal: AbortSignal | undefined;
}

/** The blocks of a range of a file, by offset. @throws LoaderError */
export async function blockLocations(nameNodes: NameNodes, path: string, o: Range): Promise<BlockLocation[]> {
  const { offset, length, signal } = o;
  const { BlockLocation = [] } = await nameNodes.ask<{ BlockLocation?: readonly BlockLocation[] }>({
    op: 'GETFILEBLOCKLOCATIONS',
    field: 'BlockLocations',
    path,
    parameters: { offset, length },
    signal,
  });
  return BlockLocation.map((block) => ({
    offset: block.offset,
    length: block.length,
    hosts: [...block.hosts],
    names: [...block.names],
  })).sort((a, b) => a.offset - b.offset);
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
      const blocks = await nameNodes.ask<RemoteBlocks['LocatedBlocks']>({
        op: 'GET_BLOCK_LOCATIONS',
        field: 'LocatedBlocks',
        path,
        parameters: { offset, length },
        signal,
      });
      return locatedBlocks({ LocatedBlocks: blocks });
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
