/** Milliseconds between two lines of progress where there is no terminal to redraw. */
const LINE_MS = 5_000;

/**
 * Passes on at most one line of progress every few seconds, the first one after as long.
 *
 * @param now monotonic clock, in milliseconds
 * @example const sometimes = pacedLines((line) => process.stderr.write(`${line}\n`), () => performance.now());
 */
export function pacedLines(write: (line: string) => void, now: () => number): (line: string) => void {
  let nextMs = now() + LINE_MS;
  return (line) => {
    if (now() < nextMs) return;
    nextMs = now() + LINE_MS;
    write(line);
  };
}
