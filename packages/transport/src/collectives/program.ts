/**
 * What one rank sends and receives in one collective: data, made by a pure schedule, carried out by an executor.
 *
 * Transfers between two ranks happen in the order of their lists, the same on both sides, so a frame needs no number of its own.
 */

/**
 * How a range's elements are put on the wire, where that is not float32:
 * `plain` as float32 nevertheless; `encode`; `keep` encode, and put what the others will read in the vector's place too, so that all
 * hold the same bits; `forward` the bytes that came for the same range, unchanged.
 */
type SendEncoding = 'plain' | 'encode' | 'keep' | 'forward';

/** Elements [start, end) of the vector to another rank. */
export interface Send {
  readonly peer: number;
  readonly start: number;
  readonly end: number;
  /** Index of the receive that must be applied before; −1: none. */
  readonly after: number;
  readonly encoding: SendEncoding;
}

/** Elements [start, end) of the vector from another rank. */
export interface Receive {
  readonly peer: number;
  readonly start: number;
  readonly end: number;
  /** `reduce` into what is there, or `copy` over it. */
  readonly action: 'reduce' | 'copy';
  /** Index of the send that must have left before this is reduced: both are of the same range; −1: none. */
  readonly after: number;
  /** Whether it comes as float32 whatever the wire. */
  readonly plain: boolean;
  /** Whether the range is complete then, and is multiplied by 1/P where the mean is asked for. */
  readonly last: boolean;
}

/** One rank's part in one collective. */
export interface Program {
  readonly sends: readonly Send[];
  readonly receives: readonly Receive[];
}

/** Collects a program. Each call returns the transfer's index. */
export class ProgramBuilder {
  readonly sends: Send[] = [];
  readonly receives: Receive[] = [];

  send(send: Send): number {
    return this.sends.push(send) - 1;
  }

  receive(receive: Receive): number {
    return this.receives.push(receive) - 1;
  }
}

/** A place in a group: rank of size. */
export interface Place {
  readonly rank: number;
  readonly size: number;
}

/**
 * The ranks that a rank exchanges with in any collective: r ± 2^k modulo P, at most 2 ⌈log₂ P⌉ of them, in rising order.
 * Ring neighbours (k = 0), partners of recursive doubling (r XOR 2^k), of trees and of dissemination are all among them.
 *
 * @example peersOf({ rank: 0, size: 8 }) // [1, 2, 4, 6, 7]
 */
export function peersOf({ rank, size }: Place): number[] {
  const peers = new Set<number>();
  for (let step = 1; step < size; step *= 2) {
    peers.add((rank + step) % size);
    peers.add((rank - step + size) % size);
  }
  return [...peers].sort((a, b) => a - b);
}
