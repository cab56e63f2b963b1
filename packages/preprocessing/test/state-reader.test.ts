import { describe, expect, it } from 'vitest';
import { PreprocessingError } from '../src/errors.js';
import { readState } from '../src/state-reader.js';

const refuse = (message: string): never => {
  throw new PreprocessingError('INVALID_ARGUMENT', message);
};
const open = (fields: object) => readState({ kind: 'k', version: 1, ...fields }, 'k');

describe('readState', () => {
  it('gives fields of the expected form', () => {
    const state = open({ n: 2.5, i: 3, mode: 'b', list: [1, 2] });
    expect(state.number('n')).toBe(2.5);
    expect(state.integer('i', 3)).toBe(3);
    expect(state.oneOf('mode', ['a', 'b'])).toBe('b');
    expect(state.numbers('list')).toEqual([1, 2]);
    expect(state.numbers('list', 2)).toEqual([1, 2]);
    expect(state.shape('list')).toEqual([1, 2]);
    expect(state.list('list')).toEqual([1, 2]);
    expect(state.text('mode')).toBe('b');
    expect(state.made(() => 7)).toBe(7);
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
    ['a side of 0', () => open({ list: [3, 0] }).shape('list'), 'list: expected a shape of integers ≥ 1'],
    ['an empty shape', () => open({ list: [] }).shape('list'), 'list: expected a shape'],
    ['no text', () => open({ mode: 3 }).text('mode'), 'mode: expected a text'],
    ['what is no list', () => open({ list: 'ab' }).list('list'), 'list: expected a list'],
    ['what a constructor refuses', () => open({}).made(() => refuse('too wide')), 'state of k: too wide'],
    [
      'what another state is refused for, once',
      () => open({}).made(() => open({}).text('a')),
      'state of k: a: expected',
    ],
    ['a field of Object.prototype', () => open({}).number('constructor'), 'constructor: expected a finite number'],
  ])('refuses %s', (_, read, message) => {
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_STATE', message: expect.stringContaining(message) }));
  });
});
