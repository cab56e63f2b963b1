/** Recall by class as a terminal shows it. */
import type { ClassRecall } from './class-recall.js';
import { integer, percent } from './format.js';

const MAX_NAME = 24;
const GAP = '   ';
/** Of more classes the worst are shown; report.json has them all. */
const MAX_CLASSES = 240;
const HEAD = { name: 'class', samples: 'test images', recall: 'recall' };

type Row = typeof HEAD;

/**
 * A row a class, down in as many columns as fit.
 *
 * @param width characters of a line
 */
export function classTable(perClass: readonly ClassRecall[], width: number): string {
  const all = perClass.length <= MAX_CLASSES ? perClass : worst(perClass);
  const rows = all.map(rowOf);
  const widthOf = (key: keyof Row): number => Math.max(...[HEAD, ...rows].map((row) => row[key].length));
  const [names, counts, recalls] = [widthOf('name'), widthOf('samples'), widthOf('recall')];
  const line = ({ name, samples, recall }: Row): string =>
    `${name.padEnd(names)}  ${samples.padStart(counts)}  ${recall.padStart(recalls)}`;
  const rule = [names, counts, recalls].map((n) => '─'.repeat(n)).join('  ');
  const most = Math.max(1, Math.floor((width + GAP.length) / (rule.length + GAP.length)));
  // A column of one or two rows is harder to read than one of a few.
  const perColumn = Math.max(Math.ceil(rows.length / most), Math.min(rows.length, 5));
  const columns = Math.ceil(rows.length / perColumn);
  const across = (cell: (column: number) => string | undefined): string =>
    Array.from({ length: columns }, (_, column) => cell(column) ?? '')
      .join(GAP)
      .trimEnd();
  const lines = [across(() => line(HEAD)), across(() => rule)];
  for (let i = 0; i < perColumn; i++) {
    lines.push(
      across((column) => {
        const row = rows[column * perColumn + i];
        return row && line(row);
      }),
    );
  }
  if (all !== perClass)
    lines.push(`the ${integer(all.length)} worst of ${integer(perClass.length)} classes; report.json has them all`);
  return lines.join('\n');
}

function rowOf({ name, samples, recall }: ClassRecall): Row {
  const shortName = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name;
  return {
    name: shortName,
    samples: integer(samples),
    recall: recall === null ? 'no test images' : percent(recall),
  };
}

/** Those with the lowest recall, in the order of their labels. */
function worst(perClass: readonly ClassRecall[]): readonly ClassRecall[] {
  const known = perClass.filter(({ recall }) => recall !== null);
  const lowest = known.toSorted((a, b) => a.recall! - b.recall!).slice(0, MAX_CLASSES);
  return lowest.sort((a, b) => a.label - b.label);
}
