import { LoaderError } from '../errors.js';
import { readWhole } from '../storage/read-whole.js';
import type { CallOptions, Storage } from '../storage/storage.js';

// table  = count LF header LF { row LF }
// header = name spaces name
// row    = name spaces word          the name may hold spaces itself

/** One row of a table of two columns. */
export interface AnnotationRow {
  readonly name: string;
  readonly value: string;
  /** In the file, from 1: for messages. */
  readonly line: number;
}

/** 290,000 rows are 20 MB. */
const MAX_BYTES = 1 << 29;

/**
 * Reads a table of DeepFashion's annotations: how many rows there are, the names of two columns, the rows.
 *
 * @param columns names that the header must have
 * @returns rows, and the bytes of the file
 * @throws LoaderError INVALID_SOURCE, TRUNCATED, naming file and line, and what the storage throws
 */
export async function readAnnotationTable(
  storage: Storage,
  path: string,
  options: CallOptions & { columns: readonly [string, string] },
): Promise<{ rows: AnnotationRow[]; bytes: Buffer }> {
  const { columns, signal } = options;
  const bytes = await readWhole(storage, path, { maxBytes: MAX_BYTES, signal });
  const refuse = (line: number, what: string): LoaderError =>
    new LoaderError('INVALID_SOURCE', `${path}: line ${line}: ${what}`);
  const lines = bytes.toString('utf8').split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  const [first = '', header = ''] = lines;
  const count = /^\s*\d{1,9}\s*$/.test(first) ? Number(first) : Number.NaN;
  if (Number.isNaN(count)) throw refuse(1, `expected the number of rows, got ${shown(first)}`);
  if (header.trim().split(/\s+/).join(' ') !== columns.join(' ')) {
    throw refuse(2, `expected the columns ${columns.join(' ')}, got ${shown(header)}`);
  }
  const got = lines.length - 2;
  if (got !== count) {
    const message = `${path}: line 1: expected ${count} rows, got ${got}`;
    throw new LoaderError(got < count ? 'TRUNCATED' : 'INVALID_SOURCE', message);
  }
  const rows = lines.slice(2).map((text, i): AnnotationRow => {
    const [, name, value] = /^\s*(\S.*?)\s+(\S+)\s*$/.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw refuse(i + 3, `expected ${columns.join(' ')}, got ${shown(text)}`);
    return { name, value, line: i + 3 };
  });
  return { rows, bytes };
}

/** Text as a message shows it: quoted, on one line, cut. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.length > 60 ? `${quoted.slice(0, 60)}…` : quoted;
}
