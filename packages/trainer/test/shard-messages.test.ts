import { describe, expect, it } from 'vitest';
import { countOf, parsePush, ShardKind } from '../src/shard-messages.js';

const refusal = (message: string) => expect.objectContaining({ name: 'TrainerError', code: 'bad-message', message });

describe('countOf', () => {
  it('reads a whole number', () => {
    expect(countOf({ version: 0 }, 'version', 'here')).toBe(0);
    expect(countOf({ version: 2 ** 53 - 1 }, 'version', 'here')).toBe(2 ** 53 - 1);
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [-1, '-1'],
    [0.5, '0.5'],
    [2 ** 53, '9007199254740992'],
    ['1', '1'],
    [[1], '[1]'],
    [10n, '10'],
    ['x'.repeat(1000), `${'x'.repeat(40)}…`],
  ])('refuses %s', (version, got) => {
    expect(() => countOf({ version }, 'version', 'pull from shard 3')).toThrow(
      refusal(`pull from shard 3: a whole number ≥ 0 as version expected, got ${got}`),
    );
  });
});

describe('parsePush', () => {
  const id = { worker: 1, incarnation: 0, window: 2 };

  it('reads the header of a push, and nothing else of it', () => {
    expect(parsePush({ id: { ...id, more: 1 }, version: 3, pull: true, more: 1 }, 'here')).toEqual({
      id,
      version: 3,
      pull: true,
    });
  });

  it.each([
    [{}, 'a push id expected, got undefined'],
    [{ id: null, version: 3, pull: true }, 'a push id expected, got null'],
    [{ id: 'a', version: 3, pull: true }, 'a push id expected, got a'],
    [{ id: [], version: 3, pull: true }, 'a whole number ≥ 0 as worker expected, got undefined'],
    [{ id: { ...id, worker: -1 }, version: 3, pull: true }, 'a whole number ≥ 0 as worker expected, got -1'],
    [{ id: { ...id, incarnation: 'x' }, version: 3, pull: true }, 'a whole number ≥ 0 as incarnation expected, got x'],
    [{ id: { ...id, window: 1.5 }, version: 3, pull: true }, 'a whole number ≥ 0 as window expected, got 1.5'],
    [{ id, pull: true }, 'a whole number ≥ 0 as version expected, got undefined'],
    [{ id, version: 3 }, 'true or false as pull expected, got undefined'],
    [{ id, version: 3, pull: 1 }, 'true or false as pull expected, got 1'],
  ])('refuses %j', (header, message) => {
    expect(() => parsePush(header, 'push from worker 1')).toThrow(refusal(`push from worker 1: ${message}`));
  });
});

describe('ShardKind', () => {
  it('has kinds of its own', () => {
    expect(new Set(Object.values(ShardKind)).size).toBe(Object.keys(ShardKind).length);
  });
});
