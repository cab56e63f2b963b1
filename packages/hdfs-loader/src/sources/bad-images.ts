import { LoaderError } from '../errors.js';
import type { SubsetName } from './source.js';

/** Why a file is not taken for an image. */
export const BAD_IMAGE_REASONS = [
  'animated',
  'cmyk',
  'corrupt',
  'empty',
  'not-an-image',
  'too-large',
  'truncated',
] as const;
export type BadImageReason = (typeof BAD_IMAGE_REASONS)[number];

/** Why a file is left out, bad images or not: `hidden` and `outside` are no fault, and never stop anything. */
export type LeftOutReason = BadImageReason | 'hidden' | 'outside';

/** What is done with a file that is not taken: it is left out and counted, or it ends the work. */
export const ON_BAD_IMAGE = ['skip', 'stop'] as const;
export type OnBadImage = (typeof ON_BAD_IMAGE)[number];

/** Thrown for a file that is not taken for an image. The message names it. */
export class BadImageError extends LoaderError {
  constructor(
    readonly reason: BadImageReason,
    message: string,
    options?: { cause?: unknown },
  ) {
    super('INVALID_SOURCE', message, options);
  }
}

/** A file that was left out. */
export interface LeftOut {
  /** Within the source's folder. */
  readonly file: string;
  /** null where it was to be cut by the seed, or belongs to none. */
  readonly subset: SubsetName | null;
  readonly reason: LeftOutReason;
}

/** How many files were left out, and of each reason. */
export interface LeftOutCounts {
  readonly total: number;
  readonly reasons: Readonly<Partial<Record<LeftOutReason, number>>>;
}

/** Beside the manifest, where something was left out. */
export const BAD_IMAGES_FILE = 'bad-images.json';

export function countLeftOut(files: readonly LeftOut[]): LeftOutCounts {
  const reasons: Partial<Record<LeftOutReason, number>> = {};
  for (const reason of files.map((file) => file.reason).sort()) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return { total: files.length, reasons };
}

/** `3 files were left out: 1 cmyk, 2 truncated`; null where nothing was. */
export function leftOutSentence({ total, reasons }: LeftOutCounts): string | null {
  if (total === 0) return null;
  const parts = Object.entries(reasons).map(([reason, n]) => `${n} ${reason}`);
  return `${total} ${total === 1 ? 'file was' : 'files were'} left out: ${parts.join(', ')}`;
}

/** The report: the same bytes for the same files, in whatever order they were found. */
export function leftOutReport(files: readonly LeftOut[]): Buffer {
  // By code units: the same on every machine, whatever its language.
  const sorted = files.toSorted((a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)));
  const report = {
    format: 'weft-bad-images',
    version: 1,
    ...countLeftOut(sorted),
    files: sorted.map(({ file, subset, reason }) => ({ file, subset, reason })),
  };
  return Buffer.from(`${JSON.stringify(report, null, 2)}\n`);
}

/** The error of a file that stops the work, with what would let it go on. */
export function withAdvice(error: BadImageError): BadImageError {
  const message = `${error.message} (${error.reason}); --on-bad-image skip leaves such files out`;
  return new BadImageError(error.reason, message, { cause: error });
}
