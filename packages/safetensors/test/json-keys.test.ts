import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateKey } from '../src/json-keys.js';

describe('duplicateKey', () => {
  it('finds a key that stands twice, at any depth and however it is escaped', () => {
    expect(duplicateKey('{"a":1,"a":2}')).toBe('a');
    expect(duplicateKey('{"x":{"k":1,"j":{},"k":[]}}')).toBe('k');
    expect(duplicateKey('{"a":1,"\\u0061":2}')).toBe('a');
    expect(duplicateKey('{"__proto__":1,"__proto__":2}')).toBe('__proto__');
  });

  it('accepts equal keys of different objects, equal strings in arrays, and structure inside strings', () => {
    expect(duplicateKey('{"a":{"a":{"a":1}},"b":{"a":1}}')).toBeUndefined();
    expect(duplicateKey('{"a":["x","x",{"y":1},{"y":1}]}')).toBeUndefined();
    expect(duplicateKey('{"a{\\"":"}:","b":"a{"}')).toBeUndefined();
  });

  it('finds none in what JSON.stringify writes', () => {
    fc.assert(fc.property(fc.json(), (text) => duplicateKey(text) === undefined));
  });
});
