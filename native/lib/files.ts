import { addon } from './native.js';

/**
 * Reads small files one behind the other, all in one task of Node's pool. `into` must not be touched until the promise has settled.
 *
 * @param into what does not fit is not read
 * @returns the bytes of each file; −1 for one that could not be read, or did not fit: whoever reads it alone is told why. null without the addon
 * @example const lengths = await readFiles(['a.jpg', 'b.jpg'], new Uint8Array(1 << 20));
 */
export async function readFiles(paths: readonly string[], into: Uint8Array): Promise<Float64Array | null> {
  const found = addon();
  if (!found.ok) return null;
  const lengths = new Float64Array(paths.length);
  await found.addon.readFiles(paths, into, lengths);
  return lengths;
}
