/** Numbers and tables as a terminal shows them. */

/** 12345.6 → "12,346" */
export const integer = (n: number): string => Math.round(n).toLocaleString('en-US');

/** 0.8712 → "87.12 %" */
export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

/** 93 → "1 min 33 s", 9.31 → "9.3 s" */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * A table with aligned columns: the first left, the others right.
 *
 * @param rows cells by row, the head first
 */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n');
}

/** 54966408 → "55.0 MB": powers of 1,000. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, n)) / 3)));
  return unit === 0 ? `${Math.round(n)} B` : `${(n / 1000 ** unit).toFixed(1)} ${units[unit]}`;
}
