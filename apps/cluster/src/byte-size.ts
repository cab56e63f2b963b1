/** Numbers of bytes as people write them. */

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/**
 * Reads a number of bytes: a decimal number and B, KB, MB, GB (powers of 1,000), KiB, MiB, GiB (of 1,024) or nothing.
 *
 * @returns whole bytes, or null for anything else
 * @example parseByteSize('256MiB') // 268435456
 */
export function parseByteSize(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([KMG]?i?B)?$/.exec(text.trim()) ?? [];
  const factor = UNITS[unit];
  const bytes = Math.floor(Number(number) * (factor ?? Number.NaN));
  return number !== '' && Number.isSafeInteger(bytes) ? bytes : null;
}
