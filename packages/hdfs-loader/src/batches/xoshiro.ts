import { LoaderError } from '../errors.js';

/** A stream of uniform 32-bit integers. */
export type Uint32Stream = () => number;

/**
 * xoshiro128** 1.1 over a given state, which it advances. Period 2^128 − 1.
 *
 *   r = rotl(5 s₁, 7) · 9;  t = s₁ << 9
 *   s₂ ^= s₀;  s₃ ^= s₁;  s₁ ^= s₂;  s₀ ^= s₃;  s₂ ^= t;  s₃ = rotl(s₃, 11)
 *
 * @param state four words, not all zero
 * @see Blackman, Vigna: Scrambled Linear Pseudorandom Number Generators, ACM TOMS 47 (2021)
 */
export function xoshiro128(state: Uint32Array): Uint32Stream {
  if (state.length !== 4 || state.every((word) => word === 0)) {
    throw new LoaderError('INVALID_ARGUMENT', 'expected a state of four words, not all zero');
  }
  return () => {
    const s1 = state[1]!;
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    state[2]! ^= state[0]!;
    state[3]! ^= s1;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= s1 << 9;
    state[3] = rotateLeft(state[3]!, 11);
    return result;
  };
}

/**
 * A stream for a list of keys (seed, epoch, …): streams of different keys are unrelated, those of equal keys equal.
 * The keys are absorbed, and the state is drawn, by splitmix32: z ← z + γ, out = mix(z), with γ = 2^32/φ and the
 * finaliser of MurmurHash3 as mix.
 *
 * @param keys non-negative integers up to 2^53 − 1
 * @throws LoaderError INVALID_ARGUMENT
 * @see Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014
 * @example const next = keyedStream([seed, epoch]); next(); // 0 … 2^32 − 1
 */
export function keyedStream(keys: readonly number[]): Uint32Stream {
  let z = 0;
  for (const key of keys) {
    if (!Number.isSafeInteger(key) || key < 0) {
      throw new LoaderError('INVALID_ARGUMENT', `expected keys of 0 to 2^53 − 1, got ${key}`);
    }
    for (const word of [key >>> 0, Math.floor(key / 2 ** 32)]) z = mix((z ^ word) + GAMMA);
  }
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) {
    z = (z + GAMMA) | 0;
    state[i] = mix(z);
  }
  // mix is one-to-one and the four z differ, so at most one word is zero.
  return xoshiro128(state);
}

/**
 * A uniform integer of 0 … bound − 1. Draws at or above the largest multiple of `bound` are thrown away, so that no
 * remainder is more frequent than another.
 *
 * @param bound 1 … 2^32
 */
export function uniformBelow(bound: number, next: Uint32Stream): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  let draw = next();
  while (draw >= limit) draw = next();
  return draw % bound;
}

const GAMMA = 0x9e3779b9;

function mix(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
