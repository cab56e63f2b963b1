import { categories } from './categories.js';
import type { Picture } from './picture.js';
import type { PlannedPicture } from './plan.js';

// table = count LF header LF { row LF }        columns padded with spaces to the same width

/** Width of the names in DeepFashion's lists, about. */
const NAME_WIDTH = 70;

/** One of DeepFashion's lists. */
export function annotationTable(columns: readonly string[], rows: readonly (readonly [string, ...string[]])[]): string {
  const width = rows.reduce((most, [name]) => Math.max(most, name.length), NAME_WIDTH);
  const lines = rows.map(([name, ...values]) => `${name.padEnd(width)} ${values.join('  ')}`);
  return `${[rows.length, columns.join('  '), ...lines].join('\n')}\n`;
}

/**
 * The lists of a data set, by their paths within it.
 *
 * @param boxes of each picture, by its number
 */
export function annotations(
  pictures: readonly PlannedPicture[],
  boxes: readonly Picture['box'][],
): Readonly<Record<string, string>> {
  const digits = (n: number): string => String(n).padStart(3, '0');
  return {
    'Anno/list_category_cloth.txt': annotationTable(
      ['category_name', 'category_type'],
      categories.map(({ name, type }) => [name, `${type}`]),
    ),
    'Anno/list_category_img.txt': annotationTable(
      ['image_name', 'category_label'],
      pictures.map(({ name, category }) => [name, `${category + 1}`]),
    ),
    'Anno/list_bbox.txt': annotationTable(
      ['image_name', 'x_1', 'y_1', 'x_2', 'y_2'],
      pictures.map(({ name, picture }) => [name, ...boxes[picture]!.map(digits)]),
    ),
    'Eval/list_eval_partition.txt': annotationTable(
      ['image_name', 'evaluation_status'],
      pictures.map(({ name, partition }) => [name, partition]),
    ),
  };
}
