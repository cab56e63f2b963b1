import type { SchemaTree } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { imageBytesOf, pixelColumns, pixelOf, valuesOf } from '../../src/sources/parquet-pixels.js';

type Element = SchemaTree['element'];
const column = (element: Element, children: SchemaTree[] = []): SchemaTree => ({
  element,
  children,
  count: 1,
  path: [],
});
const number = (name: string) => column({ name, type: 'FLOAT' });
const binary = column({ name: 'bytes', type: 'BYTE_ARRAY' });
const list = column({ name: 'l', converted_type: 'LIST' });
const vector = column({ name: 'v' }, ['type', 'size', 'indices', 'values'].map(number));
const image = column({ name: 'i' }, [binary, number('path')]);
const text = column({ name: 't', type: 'BYTE_ARRAY', converted_type: 'UTF8' });

describe('pixelColumns', () => {
  it('finds the one column that holds pixels, whatever else is there', () => {
    expect(pixelColumns([text, list], 'f')).toEqual({ kind: 'list', column: 'l' });
    expect(pixelColumns([number('id'), vector], 'f')).toEqual({ kind: 'vector', column: 'v' });
    expect(pixelColumns([image], 'f')).toEqual({ kind: 'image', column: 'i' });
    expect(pixelColumns([binary], 'f')).toEqual({ kind: 'image', column: 'bytes' });
    expect(pixelColumns([column({ name: 'r', type: 'INT32', repetition_type: 'REPEATED' })], 'f').kind).toBe('list');
    expect(pixelColumns([number('a'), number('b')], 'f')).toEqual({ kind: 'numbers', columns: ['a', 'b'] });
  });

  it('names what it cannot choose between, or not take', () => {
    expect(() => pixelColumns([list, image], 'f')).toThrow('f: expected one column of pixels, got l, i');
    expect(() => pixelColumns([number('a'), text], 'f')).toThrow(
      'f: expected a column of lists, vectors or images, or numbers only, got column t',
    );
    expect(() => pixelColumns([], 'f')).toThrow('got no column but the label');
  });
});

describe('valuesOf', () => {
  it('makes sparse vectors whole, and takes dense ones and lists as they are', () => {
    expect(valuesOf('vector', { type: 0, size: 4, indices: [1, 3], values: [5, 6] })).toEqual([0, 5, 0, 6]);
    expect(valuesOf('vector', { type: 1, size: null, indices: null, values: [5, 6] })).toEqual([5, 6]);
    expect(valuesOf('list', Int32Array.of(1, 2))).toEqual(Int32Array.of(1, 2));
  });

  it.each([
    [null],
    [7],
    [{ type: 2, size: 1, indices: [], values: [] }],
    [{ type: 0, size: 2, indices: [2], values: [1] }],
    [{ type: 0, size: 2, indices: [0, 1], values: [1] }],
    [{ type: 0, size: -1, indices: [], values: [] }],
    [{ type: 0, size: 2 ** 31, indices: [], values: [] }],
    [{ type: 0, size: 2, values: [1] }],
  ])('takes %j for no vector', (cell) => {
    expect(valuesOf('vector', cell)).toBeNull();
  });
});

describe('pixelOf and imageBytesOf', () => {
  it('take bytes only', () => {
    expect([0, 255, 7n, 3.0].map(pixelOf)).toEqual([0, 255, 7, 3]);
    expect([-1, 256, 0.5, Number.NaN, '7', null, 300n].map(pixelOf)).toEqual(new Array(7).fill(-1));
    const bytes = Uint8Array.of(1);
    expect([imageBytesOf(bytes), imageBytesOf({ bytes, path: null })]).toEqual([bytes, bytes]);
    expect([null, 'x', { bytes: null }, {}].map(imageBytesOf)).toEqual([null, null, null, null]);
  });
});
