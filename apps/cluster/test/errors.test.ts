import { describe, expect, it } from 'vitest';
import { ClusterError, interrupted, oneLine, shown } from '../src/errors.js';

describe('ClusterError', () => {
  it('has a code, a cause and the exit status of its kind', () => {
    const cause = new Error('why');
    const error = new ClusterError('node', 'worker 0: gone', { cause });
    expect(error).toMatchObject({ name: 'ClusterError', code: 'node', retryable: false, cause, exitStatus: 1 });
    expect(new ClusterError('usage', '').exitStatus).toBe(2);
    expect(interrupted()).toMatchObject({ code: 'interrupted', exitStatus: 130 });
  });
});

describe('oneLine', () => {
  it('is the first line of any error that has one, else its code or name', () => {
    expect(oneLine(new Error('a\r\nb'))).toBe('a');
    expect(oneLine(new Error('\n a'))).toBe('a');
    expect(oneLine('text\nmore')).toBe('text');
    expect(oneLine(undefined)).toBe('undefined');
    expect(oneLine(new AggregateError([], ''))).toBe('AggregateError');
    expect(oneLine(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  });
});

describe('shown', () => {
  it('quotes text, escapes what a terminal would obey, and cuts what is long', () => {
    expect(shown('a "b"\n\u001b[31m\u009b\u2028')).toBe('"a \\"b\\"\\n\\u001b[31m\\u009b\\u2028"');
    expect([shown(Number.NaN), shown(1n), shown(null), shown([1, 2])]).toEqual(['NaN', '1n', 'null', '[ 1, 2 ]']);
    expect(shown('x'.repeat(1000))).toHaveLength(81);
  });
});
