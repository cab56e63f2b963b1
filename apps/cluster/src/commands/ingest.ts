/** `cluster ingest`: makes a data set of a source of images. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import {
  BAD_IMAGES_FILE,
  type IngestProgress,
  type IngestResult,
  ingest,
  LoaderError,
  leftOutSentence,
  openStorage,
  type StorageOptions,
  sourceOf,
} from '@weft/hdfs-loader';
import type { Command } from 'commander';
import { parseByteSize } from '../byte-size.js';
import { type HdfsFlags, storageOptions, terminal } from '../config.js';
import { ClusterError, shown } from '../errors.js';
import { bytes, duration, integer } from '../format.js';
import { ingestView } from '../ingest-view.js';
import { interruptible } from '../interruptible.js';
import { addSourceFlags, type SourceFlags, sourceOptions } from '../source-flags.js';
import { addHdfsFlags } from './hdfs-flags.js';

interface IngestFlags extends SourceFlags, HdfsFlags {
  shardSize?: string;
  restart?: boolean;
  overwrite?: boolean;
  json?: boolean;
}

function shardBytesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseByteSize(text);
  if (parsed !== null && parsed > 0) return parsed;
  throw new ClusterError('usage', `--shard-size: a number of bytes as 64MiB expected, got ${shown(text)}`);
}

/** What was made, on one line. */
function summary({ manifest, keptSamples, madeSamples, ...o }: IngestResult, location: string): string {
  const { train, test } = manifest.subsets;
  const shards = train.shards.length + test.shards.length;
  const kept = keptSamples > 0 ? `, ${integer(keptSamples)} images were there already` : '';
  return (
    `${manifest.name}: ${integer(train.samples)} training and ${integer(test.samples)} test images of ` +
    `${manifest.inputShape.join(' × ')}, ${manifest.classes} classes, in ${shards} shards, ${bytes(o.bytes)}: ${location} ` +
    `(${duration(o.seconds)}, ${integer(madeSamples / o.seconds)} images/s${kept})`
  );
}

function stopped(done: IngestProgress | null): ClusterError {
  const then = done !== null && done.samples > 0 ? 'goes on behind the shards that are finished' : 'begins it again';
  return new ClusterError(
    'interrupted',
    `interrupted: the ingest was stopped before its end; the same command ${then}`,
  );
}

/** What cannot be is the command line's fault. */
function asUsage(error: unknown): unknown {
  if (!(error instanceof LoaderError) || error.code !== 'INVALID_ARGUMENT') return error;
  return new ClusterError('usage', error.message, { cause: error });
}

function destinationAt(location: string, options: StorageOptions): ReturnType<typeof openStorage> {
  try {
    return openStorage(location, options);
  } catch (error) {
    throw asUsage(error);
  }
}

async function run(from: string, to: string, flags: IngestFlags): Promise<void> {
  const shardBytes = shardBytesOf(flags.shardSize);
  const { restart, overwrite, json } = flags;
  const view = ingestView(process.stderr, terminal(process.stderr, process.env), () => performance.now());
  const storage = storageOptions(flags, process.env, (line) => view.line(line));
  const options = { ...sourceOptions(flags), storage };
  const work = async (signal: AbortSignal): Promise<void> => {
    let last: IngestProgress | null = null;
    const destination = destinationAt(to, storage);
    try {
      const source = await sourceOf(from, { ...options, signal });
      try {
        const result = await ingest(source, destination, {
          name: options.name,
          shardBytes,
          restart,
          overwrite,
          signal,
          onSourceProgress: (p) => view.source(p),
          onProgress: (p) => {
            last = p;
            view.progress(p);
          },
          onNotice: (text) => view.line(text),
        });
        const leftOut = leftOutSentence(result.leftOut);
        if (leftOut !== null) view.line(`${leftOut}: ${to}/${BAD_IMAGES_FILE} names them`);
        view.stop();
        process.stdout.write(`${json ? JSON.stringify({ location: to, ...result }) : summary(result, to)}\n`);
      } finally {
        await source.close();
      }
    } catch (error) {
      throw signal.aborted ? stopped(last) : asUsage(error);
    } finally {
      await destination.storage.close();
    }
  };
  try {
    await interruptible({ run: work, onKill: () => view.stop() });
  } finally {
    view.stop();
  }
}

/** Adds the command to the command line. */
export function addIngest(root: Command): void {
  const command = root
    .command('ingest')
    .description('make a data set of images: uint8 shards with a manifest, in files or in HDFS')
    .argument('<source>', 'fashion-mnist, or a path or hdfs:// location of images')
    .argument('<dest>', 'folder or hdfs:// location that is to be')
    .option('--shard-size <bytes>', 'of a shard, as 128MiB (64MiB, but at most 10,000 images)');
  addHdfsFlags(addSourceFlags(command))
    .option('--restart', 'throw away what an interrupted ingest has left there')
    .option('--overwrite', 'replace the data set that is there, at the very end')
    .option('--json', 'print the result as one JSON object on standard output')
    .addHelpText(
      'after',
      '\nAn ingest that was interrupted goes on with the same command; a half data set never has the final name.',
    )
    .action(run);
}
