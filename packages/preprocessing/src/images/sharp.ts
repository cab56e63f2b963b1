import type sharp from 'sharp';

/** The image library, loaded with the first image: it costs a tenth of a second, which data without pictures should not pay. */
export type Sharp = typeof sharp;

let loading: Promise<Sharp> | undefined;

/** @example const image = (await loadSharp())(pixels, { raw: { height, width, channels: 3 } }); */
export function loadSharp(): Promise<Sharp> {
  loading ??= import('sharp').then(({ default: loaded }) => {
    // One thread an image, several images at a time: threads within small images only wait for each other.
    loaded.concurrency(1);
    // No image is made twice.
    loaded.cache(false);
    return loaded;
  });
  return loading;
}
