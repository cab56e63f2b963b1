/**
 * The ring: bandwidth-optimal (Patarasuk and Yuan 2009). The vector is cut into P chunks, chunk c for rank c; in P − 1 steps of
 * reduce-scatter each rank passes on a sum that grows, in P − 1 steps of all-gather the complete chunks go round:
 *
 *   reduce-scatter, step s:  send chunk r − 1 − s,  receive and reduce chunk r − 2 − s   → rank r ends with chunk r
 *   all-gather, step s:      send chunk r − s,      receive chunk r − 1 − s              (all modulo P)
 *
 * Long chunks go in pieces, each through all its steps before the next begins: a piece of every chunk stays in the cache from its
 * first step to its last, and while one is reduced others are on the wire, in both directions.
 */
import { type ShardRange, shardRanges } from '../shard-ranges.js';
import { type Place, type Program, ProgramBuilder } from './program.js';

/**
 * Bytes of float32 elements that all ranks' pieces of one round have together, and that one piece has where there are more than two
 * ranks: what a core's second-level cache and a socket's buffer hold. Measured, see bench/README.md.
 */
export const RING_ROUND_BYTES = 1024 ** 2;
export const RING_PIECE_BYTES = 192 * 1024;

/** How many rounds n elements take. */
function roundsOf(n: number, size: number): number {
  const round = size === 2 ? RING_ROUND_BYTES : Math.min(RING_ROUND_BYTES, size * RING_PIECE_BYTES);
  return Math.max(1, Math.ceil((n * Float32Array.BYTES_PER_ELEMENT) / round));
}

type Phase = 'reduce-scatter' | 'all-gather';

/** The pieces of [start, end): count ranges, balanced. */
function pieceOf({ start, end }: ShardRange, piece: number, count: number): ShardRange {
  const n = end - start;
  return { start: start + Math.floor((n * piece) / count), end: start + Math.floor((n * (piece + 1)) / count) };
}

/**
 * A ring program over a vector of n elements.
 *
 * @param phases which halves: both make an all-reduce
 * @example ringSchedule({ rank: 0, size: 4 }, 1000, ['reduce-scatter', 'all-gather'])
 */
export function ringSchedule(place: Place, n: number, phases: readonly Phase[]): Program {
  const { rank, size } = place;
  const program = new ProgramBuilder();
  if (size === 1) return program;
  const next = (rank + 1) % size;
  const previous = (rank - 1 + size) % size;
  const chunks = shardRanges(n, size);
  const chunk = (c: number): ShardRange => chunks[(((c % size) + size) % size) as 0]!;
  const pieces = roundsOf(n, size);
  for (let piece = 0; piece < pieces; piece++) {
    // The chunk that a step sends is the one that the step before received.
    let after = -1;
    for (const phase of phases) {
      const reduces = phase === 'reduce-scatter';
      for (let s = 0; s < size - 1; s++) {
        const sent = pieceOf(chunk(reduces ? rank - 1 - s : rank - s), piece, pieces);
        const received = pieceOf(chunk(reduces ? rank - 2 - s : rank - 1 - s), piece, pieces);
        if (sent.end > sent.start) {
          const encoding = reduces ? 'encode' : s === 0 ? 'keep' : 'forward';
          program.send({ peer: next, ...sent, after, encoding });
        }
        if (received.end > received.start) {
          const action = reduces ? 'reduce' : 'copy';
          const last = reduces && s === size - 2;
          after = program.receive({ peer: previous, ...received, action, after: -1, plain: false, last });
        }
      }
    }
  }
  return program;
}
