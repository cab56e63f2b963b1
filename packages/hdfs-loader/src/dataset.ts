import { LoaderError } from './errors.js';
import { type HostShares, hostShares } from './host-shares.js';
import { type Manifest, readManifest, type ShardManifest, type SubsetManifest } from './manifest.js';
import { type Dtype, featureCount, newValues, type Samples } from './samples.js';
import { readShard, requireRoom, requireSize, type ShardFile, verifyShard } from './shard.js';
import type { SubsetName } from './sources/source.js';
import { locationIn } from './storage/location.js';
import { openStorage, type StorageOptions } from './storage/open-storage.js';
import type { CallOptions, Storage } from './storage/storage.js';
import { Turns } from './turns.js';

/** One subset of an open data set. */
export interface Subset {
  readonly name: SubsetName;
  readonly manifest: SubsetManifest;
  /** Number of samples. */
  readonly samples: number;
  /** Values of one sample. */
  readonly features: number;
  /** Type of the values: what the inputs of batches must be. */
  readonly dtype: Dtype;
  /**
   * Reads every shard, checking size, checksum, types, shapes and labels.
   *
   * @throws LoaderError NOT_FOUND, INVALID_SHARD, and what the storage throws, naming the shard
   */
  load(options?: CallOptions): Promise<Samples>;
  /** Checks size and checksum of every shard, keeping nothing. @throws as load */
  verify(options?: CallOptions): Promise<void>;
  /**
   * Reads one shard into given memory, and checks it: size and checksum the first time only.
   *
   * @param index of the manifest's shards
   * @param into at least `manifest.shards[index].bytes`, at an address that is a multiple of 8
   * @returns views of `into`
   * @throws as load; LoaderError INVALID_ARGUMENT for an index that is none, or too little room
   */
  readShard(index: number, into: Uint8Array, options?: CallOptions): Promise<Samples>;
  /** Which hosts hold how much of each shard, in the manifest's order. @throws what the storage throws */
  shardLocations(options?: CallOptions): Promise<readonly HostShares[]>;
}

/** A folder of shards with a checked manifest. */
export interface Dataset {
  /** A path of this machine or a URL: what `openDataset` takes. */
  readonly location: string;
  readonly manifest: Manifest;
  subset(name: SubsetName): Subset;
  /** A file beside the manifest, as the manifest's `preprocessing` names one. @throws what the storage throws */
  readBeside(file: string, options?: CallOptions): AsyncIterable<Uint8Array>;
  /** Lets go of the storage, unless it was given. */
  close(): Promise<void>;
}

/** Shards that are asked about at a time. */
const LOCATIONS_AT_A_TIME = 8;

/**
 * Opens a data set that `writeDataset` made: reads and checks its manifest, no shard yet.
 *
 * @param location the folder of manifest.json: a path, a URL, or a path within a storage, which stays the caller's
 * @param options how HDFS is reached; the signal ends the opening
 * @throws LoaderError INVALID_MANIFEST, INVALID_ARGUMENT, and what the storage throws
 * @example const train = await (await openDataset('hdfs://namenode:9870/data/fashion-mnist')).subset('train').load();
 */
export async function openDataset(
  location: string | { readonly storage: Storage; readonly path: string },
  options: StorageOptions & CallOptions = {},
): Promise<Dataset> {
  const { storage, path } = typeof location === 'string' ? openStorage(location, options) : location;
  const close = async (): Promise<void> => {
    if (typeof location === 'string') await storage.close();
  };
  try {
    const manifest = await readManifest(storage, path, { signal: options.signal });
    const subsets = {
      train: openSubset({ storage, path, manifest, name: 'train' }),
      test: openSubset({ storage, path, manifest, name: 'test' }),
    };
    const opened = storage.root !== 'file:' && typeof location === 'string' ? location : locationIn(storage, path);
    return {
      location: opened,
      manifest,
      subset: (name) => subsets[name],
      readBeside: (file, { signal } = {}) => storage.read(`${path}/${file}`, { signal }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openSubset(o: { storage: Storage; path: string; manifest: Manifest; name: SubsetName }): Subset {
  const { storage, manifest, name } = o;
  const subset = manifest.subsets[name];
  const features = featureCount(manifest.inputShape);
  const files = subset.shards.map(
    (shard: ShardManifest): ShardFile => ({ storage, path: `${o.path}/${shard.file}`, shard, manifest }),
  );
  const checked = new Set<number>();
  const read: Subset['readShard'] = async (index, into, options = {}) => {
    const file = files[index];
    if (!file) {
      const message = `${name}: expected a shard of 0 to ${files.length - 1}, got ${index}`;
      throw new LoaderError('INVALID_ARGUMENT', message);
    }
    const samples = await readShard(file, into, { ...options, checked: checked.has(index) });
    checked.add(index);
    return samples;
  };
  return {
    name,
    manifest: subset,
    samples: subset.samples,
    features,
    dtype: manifest.dtype,
    readShard: read,
    async load(options = {}) {
      // Sizes first: what is allocated then is bounded by what lies there.
      for (const file of files) {
        await requireSize(file, options);
        requireRoom(file);
      }
      const inputs = newValues(manifest.dtype, subset.samples * features);
      const labels = new Uint16Array(subset.samples);
      const into = new Uint8Array(subset.shards.reduce((most, { bytes }) => Math.max(most, bytes), 0));
      let row = 0;
      for (const index of files.keys()) {
        options.signal?.throwIfAborted();
        const part = await read(index, into, options);
        inputs.set(part.inputs, row * features);
        labels.set(part.labels, row);
        row += part.count;
      }
      return { inputs, labels, count: subset.samples, features };
    },
    async verify(options = {}) {
      for (const file of files) await requireSize(file, options);
      for (const file of files) {
        options.signal?.throwIfAborted();
        await verifyShard(file, options);
      }
    },
    async shardLocations(options = {}) {
      const turns = new Turns(LOCATIONS_AT_A_TIME);
      return Promise.all(
        files.map(({ path }) => turns.run(async () => hostShares(await storage.blocks(path, options)))),
      );
    },
  };
}
