import { PreprocessingError } from './errors.js';

/** Checked access to the fields of a saved state. Every method throws PreprocessingError INVALID_STATE. */
export interface StateReader {
  /** A finite number. */
  number(field: string): number;
  /** An integer of at least `least`. */
  integer(field: string, least: number): number;
  /** One of the values. */
  oneOf<T extends string>(field: string, values: readonly T[]): T;
  /** `length` finite numbers (any number but 0 of them where not given). */
  numbers(field: string, length?: number): number[];
  /** Integers ≥ 1, any number but 0 of them. */
  shape(field: string): number[];
  /** True or false. */
  flag(field: string): boolean;
  /** A text. */
  text(field: string): string;
  /** A list of anything. */
  list(field: string): unknown[];
  /** What a constructor makes of the fields; what it refuses is a damaged state. */
  made<T>(make: () => T): T;
  /** Throws, with the kind before the message. */
  refuse(what: string): never;
}

/**
 * Opens a state that `toJSON` gave.
 *
 * @throws PreprocessingError INVALID_STATE when it is not an object of this kind and version 1
 */
export function readState(json: unknown, kind: string): StateReader {
  const refuse = (what: string): never => {
    throw new PreprocessingError('INVALID_STATE', `state of ${kind}: ${what}`);
  };
  if (typeof json !== 'object' || json === null) return refuse(`expected an object, got ${JSON.stringify(json)}`);
  const fields = new Map<string, unknown>(Object.entries(json));
  if (fields.get('kind') !== kind) refuse(`expected kind ${kind}, got ${JSON.stringify(fields.get('kind'))}`);
  if (fields.get('version') !== 1) refuse(`expected version 1, got ${JSON.stringify(fields.get('version'))}`);
  const number = (field: string): number => {
    const value = fields.get(field);
    return Number.isFinite(value) ? (value as number) : refuse(`${field}: expected a finite number`);
  };
  return {
    number,
    refuse,
    flag(field) {
      const value = fields.get(field);
      return typeof value === 'boolean' ? value : refuse(`${field}: expected true or false`);
    },
    integer(field, least) {
      const value = number(field);
      return Number.isSafeInteger(value) && value >= least ? value : refuse(`${field}: expected an integer ≥ ${least}`);
    },
    oneOf(field, values) {
      const value = values.find((candidate) => candidate === fields.get(field));
      return value ?? refuse(`${field}: expected ${values.join(' or ')}`);
    },
    numbers(field, length) {
      const value = fields.get(field);
      if (!Array.isArray(value) || value.length === 0 || !value.every(Number.isFinite)) {
        return refuse(`${field}: expected finite numbers`);
      }
      if (length !== undefined && value.length !== length) refuse(`${field}: expected ${length}, got ${value.length}`);
      return value as number[];
    },
    shape(field) {
      const value = fields.get(field);
      const valid =
        Array.isArray(value) && value.length > 0 && value.every((side) => Number.isSafeInteger(side) && side >= 1);
      return valid ? (value as number[]) : refuse(`${field}: expected a shape of integers ≥ 1`);
    },
    text(field) {
      const value = fields.get(field);
      return typeof value === 'string' ? value : refuse(`${field}: expected a text`);
    },
    made(make) {
      try {
        return make();
      } catch (error) {
        if (error instanceof PreprocessingError && error.code === 'INVALID_STATE') throw error;
        return refuse((error as Error).message);
      }
    },
    list(field) {
      const value = fields.get(field);
      return Array.isArray(value) ? (value as unknown[]) : refuse(`${field}: expected a list`);
    },
  };
}
