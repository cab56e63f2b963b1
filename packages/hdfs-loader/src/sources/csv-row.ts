import { parse } from 'csv-parse/sync';
import { LoaderError } from '../errors.js';
import { shown } from './annotation-table.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const SPACE = 0x20;

/** The fields of one line, quotes taken off. @throws LoaderError INVALID_SOURCE */
export function csvFields(line: Buffer, where: () => string): string[] {
  if (!line.includes(QUOTE))
    return line
      .toString('utf8')
      .split(',')
      .map((field) => field.trim());
  try {
    return (parse(line, { trim: true }) as string[][])[0] ?? [];
  } catch (cause) {
    throw new LoaderError('INVALID_SOURCE', `${where()}: ${(cause as Error).message}`, { cause });
  }
}

/** One field of a line. */
export function csvField(line: Buffer, column: number, where: () => string): string {
  if (line.includes(QUOTE)) return csvFields(line, where)[column] ?? '';
  let start = 0;
  for (let i = 0; i < column; i++) {
    start = line.indexOf(COMMA, start) + 1;
    if (start === 0) return '';
  }
  const end = line.indexOf(COMMA, start);
  return line.toString('utf8', start, end < 0 ? line.length : end).trim();
}

/**
 * Reads the pixels of one line: every field but the label's. Digit by digit, as a general parser takes ten times as long.
 *
 * @param into as many values as there are pixels
 * @throws LoaderError INVALID_SOURCE, naming the column
 */
export function csvPixels(line: Buffer, labelColumn: number, into: Uint8Array, where: () => string): void {
  const bytes = line.includes(QUOTE)
    ? Buffer.from(csvFields(line, where).map(unlabelled(labelColumn)).join(','))
    : line;
  let column = 0;
  let pixel = 0;
  let value = -1;
  let isNumber = true;
  for (let i = 0; i <= bytes.length; i++) {
    const byte = i < bytes.length ? bytes[i]! : COMMA;
    if (byte === COMMA) {
      if (column !== labelColumn) {
        if (!isNumber || value < 0 || value > 255) throw refused(bytes, column, where);
        if (pixel < into.length) into[pixel] = value;
        pixel += 1;
      }
      column += 1;
      value = -1;
      isNumber = true;
    } else if (byte >= ZERO && byte <= ZERO + 9) {
      value = Math.max(0, value) * 10 + byte - ZERO;
    } else if (byte !== SPACE) {
      isNumber = false;
    }
  }
  if (pixel === into.length) return;
  throw new LoaderError('INVALID_SOURCE', `${where()}: expected ${into.length + 1} columns, got ${column}`);
}

/** Commas within a label would count as columns. */
const unlabelled =
  (labelColumn: number) =>
  (field: string, column: number): string =>
    column === labelColumn ? '' : field;

function refused(bytes: Buffer, column: number, where: () => string): LoaderError {
  const got = csvField(bytes, column, where);
  const message = `${where()}, column ${column + 1}: expected an integer of 0 to 255, got ${shown(got)}`;
  return new LoaderError('INVALID_SOURCE', message);
}
