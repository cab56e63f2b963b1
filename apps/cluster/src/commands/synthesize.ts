/** `cluster data synthesize`: makes up images where the real ones may not be passed on. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import {
  FASHION_MNIST,
  LoaderError,
  openStorage,
  type SynthesizedDeepFashion,
  sourceOf,
  synthesizeDeepFashion,
} from '@weft/hdfs-loader';
import type { Command } from 'commander';
import { type HdfsFlags, storageOptions, terminal } from '../config.js';
import { ClusterError, shown } from '../errors.js';
import { bytes, duration, integer, percent } from '../format.js';
import { ingestView } from '../ingest-view.js';
import { interruptible } from '../interruptible.js';
import { npmPackageDir } from '../source-flags.js';
import { addHdfsFlags } from './hdfs-flags.js';

interface SynthesizeFlags extends HdfsFlags {
  images: string;
  out: string;
  seed: string;
  json?: boolean;
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ClusterError('usage', `${flag}: a whole number expected, got ${shown(text)}`);
}

/** What was made, on one line. */
function summary({ images, partitions: p, categories, largest, ...o }: SynthesizedDeepFashion, out: string): string {
  return (
    `synthetic DeepFashion: ${integer(images)} images (${integer(p.train)} train, ${integer(p.val)} val, ${integer(p.test)} test) in ` +
    `${categories} categories, ${percent(largest.images / images)} of them ${largest.name}, ${bytes(o.bytes)}: ${out} ` +
    `(${duration(o.seconds)}, ${integer(images / o.seconds)} images/s)`
  );
}

async function deepFashion(flags: SynthesizeFlags): Promise<void> {
  const { out, json } = flags;
  const options = { images: wholeNumber('--images', flags.images), seed: wholeNumber('--seed', flags.seed) };
  const view = ingestView(process.stderr, terminal(process.stderr, process.env), () => performance.now());
  const work = async (signal: AbortSignal): Promise<void> => {
    try {
      const destination = openStorage(
        out,
        storageOptions(flags, process.env, (line) => view.line(line)),
      );
      const garments = await sourceOf(FASHION_MNIST, { npmPackageDir: npmPackageDir(), signal });
      try {
        const made = await synthesizeDeepFashion(garments, destination, {
          ...options,
          signal,
          onSourceProgress: (p) => view.source(p),
          onProgress: (p) => view.progress(p),
        });
        view.stop();
        process.stdout.write(`${json ? JSON.stringify({ location: out, ...made }) : summary(made, out)}\n`);
      } finally {
        await garments.close();
        await destination.storage.close();
      }
    } catch (error) {
      if (signal.aborted) throw new ClusterError('interrupted', 'interrupted: nothing was kept');
      if (!(error instanceof LoaderError) || error.code !== 'INVALID_ARGUMENT') throw error;
      throw new ClusterError('usage', error.message, { cause: error });
    }
  };
  try {
    await interruptible({ run: work, onKill: () => view.stop() });
  } finally {
    view.stop();
  }
}

/** Adds the commands to `cluster data`. */
export function addSynthesize(data: Command): void {
  const synthesize = data
    .command('synthesize')
    .description('make up images in the layout of a data set that may not be passed on');
  addHdfsFlags(
    synthesize
      .command('deep-fashion')
      .description(
        '46 categories of clothes as JPEGs of 128 x 128 with the lists of DeepFashion, drawn from Fashion-MNIST',
      )
      .requiredOption('--images <n>', 'how many, at least 92')
      .requiredOption('--out <dir>', 'folder or hdfs:// location that is to be')
      .option('--seed <n>', 'the same seed and number give the same files', '1'),
  )
    .option('--json', 'print the result as one JSON object on standard output')
    .addHelpText('after', '\ndocs/deep-fashion.md says what is made up, and how to use the real photographs.')
    .action(deepFashion);
}
