/** The flags that say how a source of images is read. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import {
  ON_BAD_IMAGE,
  type OnBadImage,
  SOURCE_FORMATS,
  type SourceFormat,
  type SourceOptions,
} from '@weft/hdfs-loader';
import type { Command } from 'commander';
import { ClusterError, shown } from './errors.js';
import { DECIMAL } from './option-schemas.js';

/** As they stand on a command line. */
export interface SourceFlags {
  format?: string;
  imageSize?: string;
  channels?: string;
  onBadImage?: string;
  testShare?: string;
  labelColumn?: string;
  labelNames?: string;
  seed?: string;
  name?: string;
}

/** Adds them to a command. */
export function addSourceFlags(command: Command): Command {
  return command
    .option('--format <name>', `${SOURCE_FORMATS.join(', ')} (what the names there say)`)
    .option('--image-size <size>', 'scale and cut images to N or HxW pixels (all as the first one is)')
    .option('--channels <n>', '1: gray, 3: colour (as the first image)')
    .option('--on-bad-image <what>', 'skip: leave out and report images that are no good; stop: refuse them (stop)')
    .option('--test-share <x>', 'share of each class for testing, where there is no split (0.1)')
    .option(
      '--label-column <name>',
      "of Parquet and CSV, by name; of CSV also by index from 0 (label, class, …; CSV's first)",
    )
    .option('--label-names <names>', 'class names by index, joined by commas, where labels are numbers')
    .option('--seed <n>', 'of that split and of the order (1)')
    .option('--name <name>', "of the data set (the source's)");
}

function usage(flag: string, expected: string, got: string): never {
  throw new ClusterError('usage', `${flag}: ${expected} expected, got ${shown(got)}`);
}

/**
 * Reads the flags.
 *
 * @throws {ClusterError} `usage`, naming the flag
 */
export function sourceOptions(flags: SourceFlags): SourceOptions {
  const { format, imageSize, channels, onBadImage, testShare, labelColumn, labelNames, seed, name } = flags;
  if (format !== undefined && !SOURCE_FORMATS.includes(format as SourceFormat)) {
    usage('--format', `one of ${SOURCE_FORMATS.join(', ')}`, format);
  }
  if (channels !== undefined && channels !== '1' && channels !== '3') usage('--channels', '1 or 3', channels);
  if (onBadImage !== undefined && !ON_BAD_IMAGE.includes(onBadImage as OnBadImage)) {
    usage('--on-bad-image', ON_BAD_IMAGE.join(' or '), onBadImage);
  }
  if (testShare !== undefined && !(DECIMAL.test(testShare) && Number(testShare) >= 0 && Number(testShare) < 1)) {
    usage('--test-share', 'a number from 0 to below 1', testShare);
  }
  if (seed !== undefined && !/^\d{1,15}$/.test(seed)) usage('--seed', 'a whole number of at least 0', seed);
  if (name === '') usage('--name', 'a name', name);
  return {
    format: format as SourceFormat | undefined,
    imageSize: imageSize === undefined ? undefined : parseSize(imageSize),
    channels: channels === undefined ? undefined : (Number(channels) as 1 | 3),
    onBadImage: onBadImage as OnBadImage | undefined,
    testShare: testShare === undefined ? undefined : Number(testShare),
    labelColumn,
    labelNames: labelNames?.split(',').map((part) => part.trim()),
    seed: seed === undefined ? undefined : Number(seed),
    name,
    npmPackageDir: npmPackageDir(),
  };
}

/** `128` or `96x128`, height first. */
function parseSize(text: string): { height: number; width: number } {
  const [, height, width = height] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(text) ?? [];
  if (!Number(height) || !Number(width)) usage('--image-size', 'N or HxW, as 128 or 96x128,', text);
  return { height: Number(height), width: Number(width) };
}

/** Where the images of `fashion-mnist` are installed. */
export const npmPackageDir = (): string =>
  dirname(createRequire(import.meta.url).resolve('fashion-mnist/package.json'));
