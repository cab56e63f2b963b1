import type { OverlayOptions } from 'sharp';
import { LoaderError } from '../errors.js';
import type { Manifest } from '../manifest.js';
import type { Values } from '../samples.js';
import { loadSharp } from '../sources/sharp.js';
import type { SubsetName } from '../sources/source.js';
import type { CallOptions, Storage } from '../storage/storage.js';
import { pickSamples } from './picked-samples.js';

/** Pixels. */
const THUMB = 84;
const GAP = 6;
/** For the title; real numbers have more to say. */
const MIN_WIDTH = { uint8: 560, float32: 820 } as const;
const MARGIN = 24;
const TITLE = 64;
const ROW = THUMB + 16;
const COLUMN_GAP = 32;
/** Of the names' bold letters. */
const CHARACTER = 9.6;
const MAX_NAME = 24;
const FONT = "'DejaVu Sans', Helvetica, Arial, sans-serif";

/**
 * A PNG with some images of each class of a data set, a row a class, with its name and how many there are. Samples of real numbers
 * are drawn from black, their own minimum, to white, their maximum.
 *
 * @param from where the data set is
 * @param options.count images in all, shared out over the classes: at least one each
 * @throws LoaderError INVALID_ARGUMENT for samples that are no images, INVALID_SHARD, and what the storage throws
 * @example await writeFile('sheet.png', await contactSheet({ ...openStorage(dir), manifest }, { subset: 'train', count: 40 }));
 */
export async function contactSheet(
  from: { readonly storage: Storage; readonly path: string; readonly manifest: Manifest },
  options: CallOptions & { subset: SubsetName; count: number },
): Promise<Buffer> {
  const { manifest } = from;
  const { subset, count } = options;
  const [height = 0, width = 0, channels = 0] = manifest.inputShape;
  if (manifest.inputShape.length !== 3 || (channels !== 1 && channels !== 3)) {
    const message = `expected samples of height × width × 1 or 3 to draw, got ${manifest.inputShape.join(' × ')}`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  const perClass = Math.max(1, Math.round(count / manifest.classes));
  const picked = await pickSamples(from, { subset, perClass, signal: options.signal });
  const layout = layOut(manifest, perClass);
  const thumbs: OverlayOptions[] = [];
  for (const [label, images] of picked.entries()) {
    const { left, top } = layout.place(label);
    for (const [i, image] of images.entries()) {
      const input = await thumbnail(pixelsOf(image), { height, width, channels });
      thumbs.push({ input, left: left + layout.nameWidth + i * (THUMB + GAP), top: top + (ROW - THUMB) / 2 });
    }
  }
  const background = { r: 255, g: 255, b: 255 };
  const sharp = await loadSharp();
  return sharp({ create: { width: layout.width, height: layout.height, channels: 3, background } })
    .composite([{ input: Buffer.from(drawing(manifest, subset, layout)), left: 0, top: 0 }, ...thumbs])
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nameWidth: number;
  readonly rowWidth: number;
  place(label: number): { left: number; top: number; isEven: boolean };
}

/** Rows go down in as many columns as make the sheet about as wide as a screen. */
function layOut({ classes, labelNames, dtype }: Manifest, perClass: number): Layout {
  const longest = Math.max(8, ...labelNames.map((name) => Math.min(MAX_NAME, name.length)));
  const nameWidth = Math.ceil(longest * CHARACTER) + 24;
  const rowWidth = nameWidth + perClass * (THUMB + GAP) - GAP + 12;
  const widthOf = (columns: number): number => 2 * MARGIN + columns * (rowWidth + COLUMN_GAP) - COLUMN_GAP;
  const heightOf = (columns: number): number => TITLE + Math.ceil(classes / columns) * ROW + MARGIN;
  let columns = 1;
  while (columns < classes && heightOf(columns) > 1.25 * widthOf(columns)) columns += 1;
  const rows = Math.ceil(classes / columns);
  return {
    width: Math.max(MIN_WIDTH[dtype], widthOf(columns)),
    height: heightOf(columns),
    nameWidth,
    rowWidth,
    place: (label) => ({
      left: MARGIN + Math.floor(label / rows) * (rowWidth + COLUMN_GAP),
      top: TITLE + (label % rows) * ROW,
      isEven: (label % rows) % 2 === 0,
    }),
  };
}

/** Real numbers as pixels: from 0 for the smallest of the sample to 255 for its largest; 0 where all are alike. */
function pixelsOf(values: Values): Uint8Array {
  if (values instanceof Uint8Array) return values;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const scale = max > min ? 255 / (max - min) : 0;
  return Uint8Array.from(values, (value) => Math.round((value - min) * scale));
}

/** Whole pixels grow to whole squares; larger images are scaled down smoothly. */
async function thumbnail(
  pixels: Uint8Array,
  { height, width, channels }: { height: number; width: number; channels: 1 | 3 },
): Promise<Buffer> {
  const kernel = Math.max(height, width) <= THUMB ? 'nearest' : 'lanczos3';
  const sharp = await loadSharp();
  return sharp(pixels, { raw: { height, width, channels } })
    .resize(THUMB, THUMB, { kernel, fit: 'contain', background: { r: 244, g: 244, b: 246 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

function drawing(manifest: Manifest, subset: SubsetName, layout: Layout): string {
  const { samples, perClass } = manifest.subsets[subset];
  const what = subset === 'train' ? 'training images' : 'test images';
  const shape = manifest.inputShape.join(' × ');
  const scaled = manifest.dtype === 'float32' ? ', each scaled from its own minimum to its maximum' : '';
  const rows = manifest.labelNames.map((name, label) => {
    const { left, top, isEven } = layout.place(label);
    const band = isEven ? '#f6f7f9' : '#ffffff';
    const shortName = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name;
    return (
      `<rect x="${left}" y="${top}" width="${layout.rowWidth}" height="${ROW}" rx="6" fill="${band}"/>` +
      `<text x="${left + 12}" y="${top + ROW / 2 - 3}" font-size="14" font-weight="bold" fill="#1d2430">${escaped(shortName)}</text>` +
      `<text x="${left + 12}" y="${top + ROW / 2 + 16}" font-size="12" fill="#7a8494">${perClass[label]!.toLocaleString('en-US')}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.width}" height="${layout.height}" font-family="${FONT}">` +
    `<text x="${MARGIN}" y="32" font-size="19" font-weight="bold" fill="#1d2430">${escaped(manifest.name)}</text>` +
    `<text x="${MARGIN}" y="52" font-size="12.5" fill="#7a8494">${samples.toLocaleString('en-US')} ${what} of ${shape}, ` +
    `${manifest.classes} classes, split ${escaped(manifest.split)}${scaled}</text>${rows.join('')}</svg>`
  );
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML has no control characters, and takes no lone surrogate. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\p{Surrogate}]/gu, '\ufffd').replace(/[&<>"]/g, (c) => ENTITIES[c]!);
}
