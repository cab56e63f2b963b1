import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bytes, parseOptions, rate, threads, whole } from '../src/option-schemas.js';

const schema = z
  .strictObject({
    seed: whole(0, 9),
    rate,
    threads,
    cache: bytes('bytes, as 1MiB'),
    set: z.record(z.string(), z.number('a number')),
  })
  .partial();

describe('parseOptions', () => {
  it('takes numbers and their text, and leaves out what is undefined', () => {
    expect(parseOptions(schema, { seed: '3', rate: ' 0.5', cache: '1KiB', threads: 'auto' })).toEqual({
      seed: 3,
      rate: 0.5,
      cache: 1024,
      threads: undefined,
    });
    expect(parseOptions(schema, { seed: undefined, threads: '2' })).toEqual({ threads: 2 });
  });

  it.each([
    [{ seed: '1e1' }, '--seed: a whole number from 0 to 9 expected, got "1e1"'],
    [{ rate: 0 }, '--rate: a number above 0 expected, got 0'],
    [{ threads: 'all' }, '--threads: auto, or a whole number from 1 to 1024 expected, got "all"'],
    [{ cache: '0' }, '--cache: bytes, as 1MiB expected, got "0"'],
    [{ set: { a: 'x' } }, '--setting: a: a number expected, got "x"'],
    [{ batchSize: 3 }, 'no option --batch-size'],
  ])('refuses %j, naming the flag', (options, message) => {
    expect(() => parseOptions(schema, options, { set: '--setting' })).toThrow(message);
  });
});
