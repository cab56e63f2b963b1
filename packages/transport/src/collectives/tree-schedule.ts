/** Schedules for few bytes, where the number of steps counts: ⌈log₂ P⌉ of them instead of the ring's 2 (P − 1). */
import { shardRanges } from '../shard-ranges.js';
import { type Place, type Program, ProgramBuilder } from './program.js';

/** The largest power of two that is at most n. */
function powerBelow(n: number): number {
  return 2 ** Math.floor(Math.log2(n));
}

/**
 * All-reduce by recursive doubling (Thakur, Rabenseifner and Gropp 2005): in step k the ranks r and r XOR 2^k exchange all they
 * have and both reduce. Both add the same two operands, and addition commutes, so all ranks hold the same bits. Where P is no power
 * of two, each rank beyond the largest one first gives its vector to rank r − 2^K, and gets the result in the end.
 *
 * @example recursiveDoubling({ rank: 2, size: 4 }, 100)
 */
export function recursiveDoubling({ rank, size }: Place, n: number): Program {
  const program = new ProgramBuilder();
  if (size === 1 || n === 0) return program;
  const whole = { start: 0, end: n };
  const core = powerBelow(size);
  if (rank >= core) {
    const peer = rank - core;
    program.send({ peer, ...whole, after: -1, encoding: 'plain' });
    program.receive({ peer, ...whole, action: 'copy', after: -1, plain: true, last: false });
    return program;
  }
  const extra = rank + core < size ? rank + core : -1;
  let after = -1;
  if (extra >= 0) {
    after = program.receive({ peer: extra, ...whole, action: 'reduce', after: -1, plain: true, last: false });
  }
  for (let step = 1; step < core; step *= 2) {
    const peer = rank ^ step;
    const sent = program.send({ peer, ...whole, after, encoding: 'keep' });
    const last = step * 2 === core;
    after = program.receive({ peer, ...whole, action: 'reduce', after: sent, plain: false, last });
  }
  if (extra >= 0) program.send({ peer: extra, ...whole, after, encoding: 'plain' });
  return program;
}

/**
 * Broadcast along a binomial tree: with v = r − root modulo P, v gets the vector from v minus its lowest set bit, and passes it on.
 *
 * @example binomialBroadcast({ rank: 1, size: 4 }, 100, 0)
 */
export function binomialBroadcast({ rank, size }: Place, n: number, root: number): Program {
  const program = new ProgramBuilder();
  const v = (rank - root + size) % size;
  const whole = { start: 0, end: n };
  const lowest = v === 0 ? 2 ** Math.ceil(Math.log2(size)) : v & -v;
  let after = -1;
  if (v > 0 && n > 0) {
    const peer = (rank - lowest + size) % size;
    after = program.receive({ peer, ...whole, action: 'copy', after: -1, plain: false, last: false });
  }
  for (let step = lowest / 2; step >= 1 && n > 0; step /= 2) {
    if (v + step >= size) continue;
    const peer = (rank + step) % size;
    program.send({ peer, ...whole, after, encoding: v === 0 ? 'keep' : 'forward' });
  }
  return program;
}

/** Bytes of float32 elements of one piece in a chain. */
const CHAIN_PIECE_BYTES = 256 * 1024;

/**
 * Broadcast along the ring from the root, in pieces that each rank passes on while the next is coming: for long vectors.
 *
 * @example chainBroadcast({ rank: 1, size: 4 }, 1_000_000, 0)
 */
export function chainBroadcast({ rank, size }: Place, n: number, root: number): Program {
  const program = new ProgramBuilder();
  const v = (rank - root + size) % size;
  const pieces = Math.ceil((n * Float32Array.BYTES_PER_ELEMENT) / CHAIN_PIECE_BYTES);
  for (const range of shardRanges(n, Math.max(1, pieces))) {
    if (range.end === range.start) continue;
    let after = -1;
    if (v > 0) {
      const peer = (rank - 1 + size) % size;
      after = program.receive({ peer, ...range, action: 'copy', after: -1, plain: false, last: false });
    }
    if (v < size - 1) {
      program.send({ peer: (rank + 1) % size, ...range, after, encoding: v === 0 ? 'keep' : 'forward' });
    }
  }
  return program;
}

/**
 * Gather along a binomial tree: rank r's part is its shard of the vector; the root ends with all of them. What passes through the
 * other ranks stays in their vectors.
 *
 * @example binomialGather({ rank: 1, size: 4 }, 100, 0)
 */
export function binomialGather({ rank, size }: Place, n: number, root: number): Program {
  const program = new ProgramBuilder();
  const v = (rank - root + size) % size;
  const shards = shardRanges(n, size);
  /** Of each relative rank whose shard is here: the receive that brought it. */
  const broughtBy = new Map([[v, -1]]);
  for (let step = 1; step < size; step *= 2) {
    if ((v & step) !== 0) {
      const peer = (rank - step + size) % size;
      for (const [from, after] of broughtBy) {
        const range = shards[(from + root) % size]!;
        if (range.end > range.start) program.send({ peer, ...range, after, encoding: 'plain' });
      }
      break;
    }
    const peer = (rank + step) % size;
    for (let from = v + step; from < Math.min(v + 2 * step, size); from++) {
      const range = shards[(from + root) % size]!;
      if (range.end === range.start) continue;
      const arrival = { peer, ...range, action: 'copy', after: -1, plain: true, last: false } as const;
      broughtBy.set(from, program.receive(arrival));
    }
  }
  return program;
}

/**
 * Barrier by dissemination (Hensgen, Finkel and Manber 1988): in step k each rank tells rank r + 2^k, and hears from r − 2^k.
 *
 * @example disseminationBarrier({ rank: 1, size: 4 })
 */
export function disseminationBarrier({ rank, size }: Place): Program {
  const program = new ProgramBuilder();
  const none = { start: 0, end: 0 };
  let after = -1;
  for (let step = 1; step < size; step *= 2) {
    program.send({ peer: (rank + step) % size, ...none, after, encoding: 'plain' });
    const peer = (rank - step + size) % size;
    after = program.receive({ peer, ...none, action: 'copy', after: -1, plain: true, last: false });
  }
  return program;
}
