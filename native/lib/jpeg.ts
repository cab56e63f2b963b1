/** JPEG by libjpeg-turbo, several images a call, on a thread of Node's pool. */
import { NativeError } from './errors.js';
import { addon } from './native.js';

/** What every image of a call is made. */
export interface JpegForm {
  readonly height: number;
  readonly width: number;
  /** 1: luminance by Rec. 601, as the file has it; 3: RGB. */
  readonly channels: 1 | 3;
}

const MAX_SIDE = 65_535;

/** Whether the addon is there and decodes JPEG, or why not. */
export function hasJpeg(): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
  const found = addon();
  if (!found.ok) return found;
  if (found.addon.decodeJpegs) return { ok: true };
  return { ok: false, reason: 'built without libjpeg: npm run setup builds it where libjpeg-dev is' };
}

/**
 * Decodes images one behind the other into `out`. Each is of the form's size, or larger both ways: then it is scaled to cover it (by the
 * decoder's own transform down to a half, quarter or eighth, the rest by Lanczos's filter) and cut at the centre. EXIF's turns and colour profiles
 * are the caller's to see to. Neither images nor out may be touched until the promise has settled.
 *
 * @param out images.length × height × width × channels bytes
 * @returns for each image null, or one line that says why it is damaged: libjpeg's warnings count
 * @throws NativeError no-addon, bad-argument
 * @example
 * const pixels = new Uint8Array(128 * 128 * 3);
 * const [problem] = await decodeJpegs([await readFile('a.jpg')], pixels, { height: 128, width: 128, channels: 3 });
 */
export async function decodeJpegs(
  images: readonly Uint8Array[],
  out: Uint8Array,
  { height, width, channels }: JpegForm,
): Promise<(string | null)[]> {
  const found = addon();
  const able = hasJpeg();
  if (!found.ok || !able.ok) throw new NativeError('no-addon', `jpeg: ${able.ok ? '' : able.reason}`);
  for (const side of [height, width]) {
    if (Number.isSafeInteger(side) && side >= 1 && side <= MAX_SIDE) continue;
    throw new NativeError('bad-argument', `jpeg: sides from 1 to ${MAX_SIDE} expected, got ${side}`);
  }
  if (channels !== 1 && channels !== 3)
    throw new NativeError('bad-argument', `jpeg: 1 or 3 channels expected, got ${String(channels)}`);
  const bytes = images.length * height * width * channels;
  if (out.length < bytes)
    throw new NativeError('bad-argument', `out: at least ${bytes} elements expected, got ${out.length}`);
  return found.addon.decodeJpegs!(images, out, height, width, channels);
}
