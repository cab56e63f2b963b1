import { createHash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { type AnnotationRow, readAnnotationTable, shown } from './annotation-table.js';
import type { ImageOptions } from './image-decoder.js';
import { type ListedImage, openImages } from './listed-images.js';
import type { OpenOptions, OpenSource, Source, SubsetName } from './source.js';
import { type SplitOptions, shuffled, splitOptions } from './split.js';

/** How DeepFashion is read. */
export interface DeepFashionOptions extends ImageOptions, Pick<SplitOptions, 'seed'> {
  /** Of the data set. Default `deep-fashion`. */
  readonly name?: string | undefined;
}

/** Newer copies of the data set call the folder of these two lists so. */
export const annotationFolders = ['Anno', 'Anno_coarse'] as const;
/** Says of a data set in this layout that it is made up; see synthesizeDeepFashion. */
export const SYNTHETIC_FILE = 'SYNTHETIC.txt';
const PARTITIONS: Readonly<Record<string, SubsetName>> = { train: 'train', val: 'train', test: 'test' };

/**
 * DeepFashion, Category and Attribute Prediction: `Anno/list_category_cloth.txt`, `Anno/list_category_img.txt` (or `Anno_coarse/`),
 * `Eval/list_eval_partition.txt` and the photographs under `img/`. The official split; the validation images are trained on. Categories
 * that no image has are left out: 46 of the 50 remain. Bounding boxes are not used. The order is shuffled by the seed, as
 * the lists are sorted by category. The lists are in memory.
 *
 * @param dir within the storage
 * @returns a source that throws LoaderError NOT_FOUND, INVALID_SOURCE, TRUNCATED, naming file and line
 * @see Liu, Luo, Qiu, Wang, Tang: DeepFashion, CVPR 2016
 * @example const source = deepFashion(fileStorage(), '/data/deepfashion', { imageSize: { height: 128, width: 128 } });
 */
export function deepFashion(storage: Storage, dir: string, options: DeepFashionOptions = {}): Source {
  return { open: (o) => open(storage, dir, { ...options, ...o }), close: () => storage.close() };
}

async function open(storage: Storage, dir: string, options: DeepFashionOptions & OpenOptions): Promise<OpenSource> {
  const { signal, onProgress } = options;
  const { seed } = splitOptions(options);
  const names = await namesIn(storage, dir, signal);
  const anno = `${dir}/${annotationFolder(names, dir)}`;
  const isSynthetic = names.has(SYNTHETIC_FILE);
  const { name = isSynthetic ? 'synthetic-deep-fashion' : 'deep-fashion' } = options;
  const paths = {
    categories: `${anno}/list_category_cloth.txt`,
    labels: `${anno}/list_category_img.txt`,
    partition: `${dir}/Eval/list_eval_partition.txt`,
  };
  const hash = createHash('sha256').update(
    JSON.stringify(['deep-fashion 1', seed, ...(isSynthetic ? [SYNTHETIC_FILE] : [])]),
  );
  let files = 0;
  const table = async (path: string, columns: readonly [string, string]): Promise<AnnotationRow[]> => {
    const { rows, bytes } = await readAnnotationTable(storage, path, { columns, signal });
    hash.update(bytes);
    onProgress?.({ stage: 'read', done: ++files, total: 3 });
    return rows;
  };
  const categories = await table(paths.categories, ['category_name', 'category_type']);
  const labels = labelsOf(await table(paths.labels, ['image_name', 'category_label']), categories.length, paths.labels);
  const partition = await table(paths.partition, ['image_name', 'evaluation_status']);
  const used = [...new Set(labels.values())].sort((a, b) => a - b);
  const subsets = partitioned(partition, { labels, used, dir, path: paths.partition, labelsPath: paths.labels });
  const empty = categories.length - used.length;
  const note =
    (isSynthetic
      ? 'Synthetic pictures in the layout of DeepFashion: accuracies say nothing about it. Validation images are trained on.'
      : 'The official split of DeepFashion (Category and Attribute Prediction); its validation images are trained on.') +
    (empty > 0 ? ` ${empty} of the ${categories.length} categories have no image and are left out.` : '');
  return openImages(
    storage,
    {
      name,
      dir,
      split: isSynthetic ? 'synthetic' : 'official',
      note,
      labelNames: used.map((category) => categories[category]!.name),
      subsets: { train: shuffled(subsets.train, seed), test: shuffled(subsets.test, seed) },
      hash,
    },
    options,
  );
}

async function namesIn(storage: Storage, dir: string, signal: AbortSignal | undefined): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const { name } of storage.list(dir, { signal })) names.add(name);
  return names;
}

function annotationFolder(names: ReadonlySet<string>, dir: string): string {
  const found = annotationFolders.find((folder) => names.has(folder));
  if (found === undefined) {
    throw new LoaderError('NOT_FOUND', `${dir}: expected a folder ${annotationFolders.join(' or ')}`);
  }
  return found;
}

/** Category of each image, from 0. In the file they count from 1. */
function labelsOf(rows: readonly AnnotationRow[], categories: number, path: string): Map<string, number> {
  const labels = new Map<string, number>();
  for (const { name, value, line } of rows) {
    const refuse = (what: string): LoaderError => new LoaderError('INVALID_SOURCE', `${path}: line ${line}: ${what}`);
    const label = /^\d+$/.test(value) ? Number(value) : 0;
    if (label < 1 || label > categories) throw refuse(`expected a category of 1 to ${categories}, got ${shown(value)}`);
    // A list must not point out of its own folder.
    if (!name.startsWith('img/') || name.split('/').includes('..')) {
      throw refuse(`expected an image under img/, got ${shown(name)}`);
    }
    if (labels.has(name)) throw refuse(`${shown(name)} stands twice`);
    labels.set(name, label - 1);
  }
  return labels;
}

function partitioned(
  rows: readonly AnnotationRow[],
  of: { labels: ReadonlyMap<string, number>; used: readonly number[]; dir: string; path: string; labelsPath: string },
): Record<SubsetName, ListedImage[]> {
  const { labels, used, dir, path, labelsPath } = of;
  const index = new Map(used.map((category, i) => [category, i]));
  const subsets: Record<SubsetName, ListedImage[]> = { train: [], test: [] };
  const seen = new Set<string>();
  for (const { name, value, line } of rows) {
    const refuse = (what: string): LoaderError => new LoaderError('INVALID_SOURCE', `${path}: line ${line}: ${what}`);
    if (!Object.hasOwn(PARTITIONS, value)) throw refuse(`expected train, val or test, got ${shown(value)}`);
    const category = labels.get(name);
    if (category === undefined) throw refuse(`${shown(name)} has no category in ${labelsPath}`);
    if (seen.has(name)) throw refuse(`${shown(name)} stands twice`);
    seen.add(name);
    subsets[PARTITIONS[value]!].push({ path: `${dir}/${name}`, label: index.get(category)! });
  }
  if (seen.size !== labels.size) {
    for (const name of labels.keys()) {
      if (!seen.has(name))
        throw new LoaderError('INVALID_SOURCE', `${path}: expected ${shown(name)}, as in ${labelsPath}`);
    }
  }
  return subsets;
}
