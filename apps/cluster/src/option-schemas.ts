/** Options by name, checked: what a command line gives as text, a script may give as numbers. */
import { z } from 'zod';
import { parseByteSize } from './byte-size.js';
import { ClusterError, shown } from './errors.js';

/** A decimal number as text. Number() alone would also take '', 0x10 and 0b1. */
export const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A whole number, or its text. @param or what else may be said, for the message */
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER, or = '') => {
  const what = `${or}a whole number ${max < Number.MAX_SAFE_INTEGER ? `from ${min} to ${max}` : `of at least ${min}`}`;
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^[+-]?\d+$/, what)
          .transform(Number),
      ],
      what,
    )
    .refine((n) => Number.isSafeInteger(n) && n >= min && n <= max, what);
};
const MAX_BUFFER_BYTES = 2 ** 40;
/** A number of bytes, or its text as `256MiB`. @param what for the message */
export const bytes = (what: string) =>
  z
    .union([z.number(), z.string().transform((text) => parseByteSize(text) ?? Number.NaN)], what)
    .refine((n) => Number.isSafeInteger(n) && n >= 1 && n <= MAX_BUFFER_BYTES, what);
export const rate = z
  .union([z.number(), z.string().trim().regex(DECIMAL, 'a number above 0').transform(Number)], 'a number above 0')
  .refine((n) => Number.isFinite(n) && n > 0, 'a number above 0');
export const oneOf = <T extends string>(names: readonly T[]) =>
  z.enum(names as readonly [T, ...T[]], `one of ${names.join(', ')}`);
export const text = z.string('a name').min(1, 'a name');

/** Threads a worker; undefined for `auto`. */
export const threads = z.preprocess(
  (value) => (value === 'auto' ? undefined : value),
  whole(1, 1024, 'auto, or ').optional(),
);

/** `batchSize` → `--batch-size` */
const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** @throws {ClusterError} `usage` */
export function usage(message: string): never {
  throw new ClusterError('usage', message);
}

/**
 * Checks options by a schema.
 *
 * @param options one that is there but undefined counts as not given
 * @param flags what options are called where that is not their name with dashes
 * @throws {ClusterError} `usage`: one line that names the flag
 * @example parseOptions(z.strictObject({ seed: whole(0) }), { seed: '-1' }) // --seed: a whole number of at least 0 expected, got "-1"
 */
export function parseOptions<T>(
  schema: z.ZodType<T>,
  options: object,
  flags: Readonly<Record<string, string>> = {},
): T {
  const given: Record<string, unknown> = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const named = (name: PropertyKey): string => flags[String(name)] ?? flagOf(String(name));
  if (issue?.code === 'unrecognized_keys') usage(`no option ${issue.keys.map(named).join(', ')}`);
  const [name = '', setting] = issue?.path ?? [];
  const value = given[String(name)];
  if (setting === undefined) usage(`${named(name)}: ${issue?.message} expected, got ${shown(value)}`);
  const inner = (value as Record<PropertyKey, unknown>)[setting];
  usage(`${named(name)}: ${String(setting)}: ${issue?.message} expected, got ${shown(inner)}`);
}
