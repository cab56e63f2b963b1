/** Reads the options of an update rule: each reader returns the value or its default, or throws `bad-setting`. */
import type { RuleOptions, Settings } from './algorithm.js';
import { TrainerError } from './errors.js';

function bad(name: string, expected: string, value: unknown): TrainerError {
  const got = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new TrainerError('bad-setting', `setting ${name}: ${expected} expected, got ${got}`);
}

function read(settings: Settings, name: string, byDefault: number | string): unknown {
  const value = settings[name];
  return value === undefined ? byDefault : value;
}

/** Checks a whole number of at least 1. */
export function atLeastOne(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw bad(name, 'a whole number of at least 1', value);
  }
  return value;
}

/** Checks a finite number above 0. */
export function aboveZero(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) throw bad(name, 'a number above 0', value);
  return value;
}

/** A finite number above 0. */
export function positive(settings: Settings, name: string, byDefault: number): number {
  return aboveZero(name, read(settings, name, byDefault));
}

/** A whole number of at least 1. */
export function positiveInteger(settings: Settings, name: string, byDefault: number): number {
  return atLeastOne(name, read(settings, name, byDefault));
}

/** One of the names; the first is the default. */
export function choice<T extends string>(settings: Settings, name: string, names: readonly [T, ...T[]]): T {
  const value = read(settings, name, names[0]);
  const found = names.find((n) => n === value);
  if (found === undefined) throw bad(name, `one of ${names.join(', ')}`, value);
  return found;
}

/** Throws when λ or P is no whole number ≥ 1, or a setting is given that the rule does not have: a misspelt one must not be ignored. */
export function checkOptions(rule: string, o: RuleOptions, known: readonly string[]): void {
  atLeastOne('window', o.window);
  atLeastOne('workers', o.workers);
  for (const name of Object.keys(o.settings)) {
    if (!known.includes(name)) {
      const has = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
      throw new TrainerError('bad-setting', `trainer ${rule}: no setting "${name}"; ${has}`);
    }
  }
}
