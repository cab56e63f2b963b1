/** Where a source stood behind a shard: what an ingest that goes on there must know, where files are left out. */
import { z } from 'zod';
import type { ShardPlace } from '../dataset-writer.js';
import { LoaderError } from '../errors.js';
import { BAD_IMAGE_REASONS, type LeftOut } from '../sources/bad-images.js';
import type { JournalledShard } from './journal.js';

const schema = z.object({
  next: z.int().nonnegative(),
  leftOut: z.array(
    z.object({ file: z.string(), subset: z.enum(['train', 'test']).nullable(), reason: z.enum(BAD_IMAGE_REASONS) }),
  ),
});

/** What is journalled with a shard; undefined where its samples tell. */
export function positionOf({ next, leftOut }: ShardPlace): unknown {
  return next === null ? undefined : { next, leftOut };
}

/**
 * Where reading goes on behind shards, and what was left out before.
 *
 * @param shards of one subset, from 0 on, as the journal gives them
 * @param where the folder, for messages
 * @throws LoaderError OTHER_INGEST when the journal's words are not to be understood
 */
export function readPosition(
  shards: readonly JournalledShard[],
  where: string,
): { next: number; leftOut: readonly LeftOut[] } {
  let next = 0;
  const leftOut: LeftOut[] = [];
  for (const { file, samples, extra } of shards) {
    if (extra === undefined) {
      next += samples;
      continue;
    }
    const found = schema.safeParse(extra);
    if (!found.success) {
      const message = `${where}: ${file}: expected where its source stood, got another journal's words: begin anew with --restart`;
      throw new LoaderError('OTHER_INGEST', message);
    }
    next = found.data.next;
    leftOut.push(...found.data.leftOut);
  }
  return { next, leftOut };
}
