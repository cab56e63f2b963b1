import { expect, test } from 'vitest';
import { pacedLines } from '../src/paced-lines.js';

test('passes on one line every five seconds', () => {
  let nowMs = 100;
  const lines: string[] = [];
  const sometimes = pacedLines(
    (line) => lines.push(line),
    () => nowMs,
  );
  for (const [at, line] of [
    [100, 'a'],
    [5099, 'b'],
    [5100, 'c'],
    [9000, 'd'],
    [10_100, 'e'],
  ] as const) {
    nowMs = at;
    sometimes(line);
  }
  expect(lines).toEqual(['c', 'e']);
});
