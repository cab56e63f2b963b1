/**
 * One seed out of a run's seed and a stream number: SplitMix32-like mixing (Steele, Lea, Flood 2014), so that
 * neighbouring seeds and streams share nothing. Never 0, which tfjs takes for "no seed".
 *
 * @param seed the run's seed, any integer
 * @param stream which consumer: a layer, a step
 * @returns an integer in 1 … 2³² − 1
 * @example mixSeed(7, 0) === mixSeed(7, 0) // and not mixSeed(7, 1)
 */
export function mixSeed(seed: number, stream: number): number {
  let z = (Math.imul(seed, 0x9e3779b9) + Math.imul(stream + 1, 0x85ebca6b)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0 || 1;
}
