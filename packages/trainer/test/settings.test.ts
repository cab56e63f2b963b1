import { describe, expect, it } from 'vitest';
import type { Settings } from '../src/algorithm.js';
import { aboveZero, atLeastOne, checkOptions, choice, positive, positiveInteger } from '../src/settings.js';

const bad = (message: string) => expect.objectContaining({ name: 'TrainerError', code: 'bad-setting', message });

describe('positive', () => {
  it('reads a number, or the default', () => {
    expect(positive({ beta: 0.5 }, 'beta', 0.9)).toBe(0.5);
    expect(positive({}, 'beta', 0.9)).toBe(0.9);
  });

  it.each([
    [0, '0'],
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['1', '"1"'],
    [true, 'true'],
  ])('refuses %j', (beta, got) => {
    expect(() => positive({ beta }, 'beta', 0.9)).toThrow(bad(`setting beta: a number above 0 expected, got ${got}`));
  });

  it('refuses null, which JSON can bring', () => {
    const settings = JSON.parse('{"beta":null}') as Settings;
    expect(() => positive(settings, 'beta', 0.9)).toThrow(bad('setting beta: a number above 0 expected, got null'));
  });
});

describe('positiveInteger', () => {
  it('reads a whole number, or the default', () => {
    expect(positiveInteger({ push: 3 }, 'push', 1)).toBe(3);
    expect(positiveInteger({}, 'push', 1)).toBe(1);
  });

  it.each([0, -2, 1.5, 2 ** 53])('refuses %j', (push) => {
    const message = `setting push: a whole number of at least 1 expected, got ${push}`;
    expect(() => positiveInteger({ push }, 'push', 1)).toThrow(bad(message));
  });
});

describe('choice', () => {
  it('reads a name, or the first', () => {
    expect(choice({ server: 'adagrad' }, 'server', ['sum', 'adagrad'])).toBe('adagrad');
    expect(choice({}, 'server', ['sum', 'adagrad'])).toBe('sum');
  });

  it('refuses another name', () => {
    const message = 'setting server: one of sum, adagrad expected, got "constructor"';
    expect(() => choice({ server: 'constructor' }, 'server', ['sum', 'adagrad'])).toThrow(bad(message));
  });
});

describe('atLeastOne and aboveZero', () => {
  it('return what they accept', () => {
    expect(atLeastOne('batchSize', 1)).toBe(1);
    expect(aboveZero('learningRate', 1e-9)).toBe(1e-9);
  });

  it('refuse the rest', () => {
    expect(() => atLeastOne('batchSize', undefined)).toThrow(
      bad('setting batchSize: a whole number of at least 1 expected, got undefined'),
    );
    expect(() => aboveZero('learningRate', 0)).toThrow(bad('setting learningRate: a number above 0 expected, got 0'));
  });
});

describe('checkOptions', () => {
  const o = { window: 1, workers: 1 };

  it('accepts the settings that a rule has', () => {
    checkOptions('aeasgd', { ...o, settings: { beta: 1 } }, ['beta']);
    checkOptions('adag', { ...o, settings: {} }, []);
  });

  it('names a setting that a rule does not have', () => {
    expect(() => checkOptions('aeasgd', { ...o, settings: { Beta: 1 } }, ['beta'])).toThrow(
      bad('trainer aeasgd: no setting "Beta"; it has beta'),
    );
    const settings = JSON.parse('{"__proto__":1}') as Settings;
    expect(() => checkOptions('adag', { ...o, settings }, [])).toThrow(
      bad('trainer adag: no setting "__proto__"; it has none'),
    );
  });

  it('refuses a window or a number of workers below 1', () => {
    expect(() => checkOptions('adag', { window: 0, workers: 1, settings: {} }, [])).toThrow('setting window: ');
    expect(() => checkOptions('adag', { window: 1, workers: 0, settings: {} }, [])).toThrow('setting workers: ');
  });
});
