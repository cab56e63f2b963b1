import { describe, expect, it } from 'vitest';
import { annotations, annotationTable } from '../../src/synthetic/annotations.js';
import type { PlannedPicture } from '../../src/synthetic/plan.js';

describe('annotationTable', () => {
  it('tells the number of rows, the columns, and pads names to one width', () => {
    const long = `img/${'x'.repeat(80)}/img_00000001.jpg`;
    expect(
      annotationTable(
        ['a', 'b', 'c'],
        [
          ['x', '1', '22'],
          [long, '3', '4'],
        ],
      ),
    ).toBe(`2\na  b  c\n${'x'.padEnd(long.length)} 1  22\n${long} 3  4\n`);
    expect(annotationTable(['a'], [])).toBe('0\na\n');
  });
});

describe('annotations', () => {
  it('writes all four lists as DeepFashion has them', () => {
    const picture = (n: number, o: Partial<PlannedPicture>): PlannedPicture => ({
      picture: n,
      category: 0,
      product: 0,
      partition: 'train',
      name: `img/A_B_Anorak/img_0000000${n + 1}.jpg`,
      ...o,
    });
    const lists = annotations(
      [picture(0, {}), picture(1, { category: 49, partition: 'val' })],
      [
        [7, 79, 128, 120],
        [1, 2, 3, 4],
      ],
    );
    const words = (path: string) =>
      lists[path]!.trimEnd()
        .split('\n')
        .map((line) => line.split(/\s+/));
    expect(words('Anno/list_bbox.txt')).toEqual([
      ['2'],
      ['image_name', 'x_1', 'y_1', 'x_2', 'y_2'],
      ['img/A_B_Anorak/img_00000001.jpg', '007', '079', '128', '120'],
      ['img/A_B_Anorak/img_00000002.jpg', '001', '002', '003', '004'],
    ]);
    expect(words('Anno/list_category_img.txt').map((row) => row.at(-1))).toEqual(['2', 'category_label', '1', '50']);
    expect(words('Eval/list_eval_partition.txt').map((row) => row.at(-1))).toEqual([
      '2',
      'evaluation_status',
      'train',
      'val',
    ]);
    const categories = words('Anno/list_category_cloth.txt');
    expect(categories).toHaveLength(52);
    expect([categories[0], categories[2], categories[51]]).toEqual([['50'], ['Anorak', '1'], ['Sundress', '3']]);
  });
});
