import { describe, expect, it } from 'vitest';
import { readState } from '../src/state-reader.js';

const open = (fields: object) => readState({ kind: 'k', version: 1, ...fields }, 'k');

describe('readState', () => {
  it('gives fields of the expected form', () => {
    const state = open({ n: 2.5, i: 3, mode: 'b', list: [1, 2] });
    expect(state.number('n')).toBe(2.5);
    expect(state.integer('i', 3)).toBe(3);
    expect(state.oneOf('mode', ['a', 'b'])).toBe('b');
    expect(state.numbers('list')).toEqual([1, 2]);
    expect(state.numbers('list', 2)).toEqual([1, 2]);
  });

  it.each([
    ['null', () => readState(null, 'k'), 'state of k: expected an object, got null'],
    ['a text', () => readState('k', 'k'), 'expected an object'],
    ['another kind', () => readState({ kind: 'x', version: 1 }, 'k'), 'expected kind k, got "x"'],
    ['another version', () => readState({ kind: 'k', version: 2 }, 'k'), 'expected version 1, got 2'],
    ['no number', () => open({ n: '1' }).number('n'), 'n: expected a finite number'],
    ['null for infinity', () => open({ n: null }).number('n'), 'n: expected a finite number'],
    ['a fraction', () => open({ n: 1.5 }).integer('n', 0), 'n: expected an integer ≥ 0'],
    ['too small a number', () => open({ n: 0 }).integer('n', 1), 'n: expected an integer ≥ 1'],
    ['an unknown mode', () => open({ mode: 'c' }).oneOf('mode', ['a', 'b']), 'mode: expected a or b'],
    ['no list', () => open({ list: 3 }).numbers('list'), 'list: expected finite numbers'],
    ['an empty list', () => open({ list: [] }).numbers('list'), 'list: expected finite numbers'],
    ['a hole', () => open({ list: [1, null] }).numbers('list'), 'list: expected finite numbers'],
    ['another length', () => open({ list: [1] }).numbers('list', 2), 'list: expected 2, got 1'],
    ['a field of Object.prototype', () => open({}).number('constructor'), 'constructor: expected a finite number'],
  ])('refuses %s', (_, read, message) => {
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_STATE', message: expect.stringContaining(message) }));
  });
});
