/** `cluster data`: what data sets there are, and what is in one. */
import process from 'node:process';
import {
  contactSheet,
  LoaderError,
  type Manifest,
  openStorage,
  readManifest,
  type Storage,
  type SubsetName,
} from '@weft/hdfs-loader';
import type { Command } from 'commander';
import { type HdfsFlags, storageOptions } from '../config.js';
import { ClusterError, interrupted, oneLine, shown } from '../errors.js';
import { bytes, integer, percent, table } from '../format.js';
import { interruptible } from '../interruptible.js';
import { addHdfsFlags } from './hdfs-flags.js';
import { addSynthesize } from './synthesize.js';

interface Found {
  readonly name: string;
  /** What is wrong with it, where there is no manifest that can be read. */
  readonly manifest: Manifest | string;
}

interface Place {
  readonly location: string;
  readonly storage: Storage;
  readonly path: string;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const SUBSETS = ['train', 'test'] as const satisfies readonly SubsetName[];

const bytesOf = ({ subsets }: Manifest): number =>
  [...subsets.train.shards, ...subsets.test.shards].reduce((sum, shard) => sum + shard.bytes, 0);

const toStderr = (line: string): void => void process.stderr.write(`${line}\n`);

/** Opens the storage of a location for some work, which the first Ctrl-C ends. */
async function at(
  location: string,
  flags: HdfsFlags,
  work: (place: Place, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { storage, path } = openStorage(location, storageOptions(flags, process.env, toStderr));
  try {
    await interruptible({
      run: async (signal) => {
        try {
          await work({ location, storage, path }, signal);
        } catch (error) {
          throw signal.aborted ? interrupted() : error;
        }
      },
      onKill: () => {},
    });
  } finally {
    await storage.close();
  }
}

/** The manifest at a place; null when there is none. */
async function manifestAt({ storage, path }: Place, signal: AbortSignal): Promise<Manifest | null> {
  try {
    return await readManifest(storage, path, { signal });
  } catch (error) {
    if (!(error instanceof LoaderError) || error.code !== 'INVALID_MANIFEST') throw error;
    if (error.cause instanceof LoaderError && error.cause.code === 'NOT_FOUND') return null;
    throw error;
  }
}

async function datasetsIn(place: Place, signal: AbortSignal): Promise<Found[]> {
  const found: Found[] = [];
  for await (const { name, path, type } of place.storage.list(place.path, { signal })) {
    if (type !== 'directory' || name.startsWith('.')) continue;
    try {
      const manifest = await manifestAt({ ...place, path }, signal);
      if (manifest !== null) found.push({ name, manifest });
    } catch (error) {
      if (!(error instanceof LoaderError) || error.code !== 'INVALID_MANIFEST') throw error;
      found.push({ name, manifest: oneLine(error) });
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function ls(location: string, flags: HdfsFlags & { json?: boolean }): Promise<void> {
  await at(location, flags, async (place, signal) => {
    const manifest = await manifestAt(place, signal);
    if (manifest !== null) {
      listShards(manifest, flags.json === true);
      return;
    }
    const found = await datasetsIn(place, signal);
    if (flags.json) {
      const all = found.map(({ name, manifest: m }) =>
        typeof m === 'string' ? { name, error: m } : { ...m, name, bytes: bytesOf(m) },
      );
      print(JSON.stringify(all));
      return;
    }
    if (found.length === 0) {
      print(`${location}: no data set`);
      return;
    }
    const rows = found.map(({ name, manifest: m }) =>
      typeof m === 'string'
        ? [name, 'damaged', '', '', '', '', '']
        : [
            name,
            integer(m.subsets.train.samples),
            integer(m.subsets.test.samples),
            `${m.classes}`,
            m.dtype === 'uint8' ? m.inputShape.join('×') : `${m.inputShape.join('×')} ${m.dtype}`,
            bytes(bytesOf(m)),
            m.split,
          ],
    );
    print(table([['data set', 'training', 'test', 'classes', 'shape', 'bytes', 'split'], ...rows]));
    for (const { manifest: m } of found) if (typeof m === 'string') print(`damaged: ${m}`);
  });
}

function listShards(manifest: Manifest, json: boolean): void {
  const shards = SUBSETS.flatMap((subset) => manifest.subsets[subset].shards);
  if (json) {
    print(JSON.stringify(shards));
    return;
  }
  const rows = shards.map(({ file, samples, bytes: n, sha256 }) => [
    file,
    integer(samples),
    bytes(n),
    sha256.slice(0, 12),
  ]);
  print(table([['shard', 'samples', 'bytes', 'sha256'], ...rows]));
}

interface ShowFlags extends HdfsFlags {
  count: string;
  subset: string;
  out?: string;
  json?: boolean;
}

/** A real number to six digits; whole ones as they are. */
const short = (value: number): string => `${Number(value.toPrecision(6))}`;

function describe(manifest: Manifest, location: string): string {
  const { subsets, preprocessing } = manifest;
  const facts = [
    ['name', manifest.name],
    ['location', location],
    ['samples', `${integer(subsets.train.samples)} training, ${integer(subsets.test.samples)} test`],
    ['shape', `${manifest.inputShape.join(' × ')} ${manifest.dtype}`],
    ['values', `${subsets.train.range.map(short).join(' to ')} in the training set`],
    ['classes', `${manifest.classes}`],
    ['shards', `${subsets.train.shards.length + subsets.test.shards.length}, ${bytes(bytesOf(manifest))}`],
    ['split', manifest.split],
    ['note', manifest.note],
    ...(preprocessing ? [['made by', `${preprocessing.steps} (${preprocessing.file})`]] : []),
  ] as const;
  const share = (label: number): string =>
    subsets.train.samples === 0 ? '–' : percent(subsets.train.perClass[label]! / subsets.train.samples);
  const rows = manifest.labelNames.map((name, label) => [
    name,
    ...SUBSETS.map((subset) => integer(subsets[subset].perClass[label]!)),
    share(label),
  ]);
  return `${facts.map(([what, text]) => `${what.padEnd(9)} ${text}`).join('\n')}\n\n${table([['class', 'training', 'test', 'share'], ...rows])}`;
}

async function show(location: string, flags: ShowFlags): Promise<void> {
  const { count, subset, out } = flags;
  if (!/^\d{1,5}$/.test(count) || Number(count) < 1) {
    throw new ClusterError('usage', `--count: a whole number from 1 to 99999 expected, got ${shown(count)}`);
  }
  if (subset !== 'train' && subset !== 'test') {
    throw new ClusterError('usage', `--subset: train or test expected, got ${shown(subset)}`);
  }
  await at(location, flags, async (place, signal) => {
    const manifest = await readManifest(place.storage, place.path, { signal });
    print(flags.json ? JSON.stringify(manifest) : describe(manifest, location));
    if (out === undefined) return;
    const sheet = await contactSheet({ ...place, manifest }, { subset, count: Number(count), signal });
    const target = openStorage(out, storageOptions(flags, process.env, toStderr));
    try {
      await target.storage.write(target.path, sheet, { overwrite: true, signal });
    } finally {
      await target.storage.close();
    }
    if (!flags.json) print(`\n${bytes(sheet.length)} of images: ${out}`);
  });
}

/** Adds the commands to the command line. */
export function addData(root: Command): void {
  const data = root.command('data').description('what data sets there are, what is in one, and made-up images');
  addHdfsFlags(
    data
      .command('ls')
      .description('the data sets in a folder or hdfs:// location, or the shards of one')
      .argument('<location>', 'of a data set, or of the folder of several'),
  )
    .option('--json', 'print one JSON array on standard output')
    .action(ls);
  addHdfsFlags(
    data
      .command('show')
      .description('a data set: what it is, how many of each class, and some of its images')
      .argument('<location>', 'of the data set'),
  )
    .option('--out <file>', 'write a PNG with images of each class')
    .option('--count <n>', 'images on it, shared out over the classes', '40')
    .option('--subset <name>', 'train or test', 'train')
    .option('--json', 'print the manifest as one JSON object on standard output')
    .action(show);
  addSynthesize(data);
}
