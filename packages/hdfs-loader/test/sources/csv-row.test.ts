import { describe, expect, it } from 'vitest';
import { csvField, csvFields, csvPixels } from '../../src/sources/csv-row.js';

const where = () => 'f: line 3';
const pixels = (line: string, labelColumn = 0, count = 3) => {
  const into = new Uint8Array(count);
  csvPixels(Buffer.from(line), labelColumn, into, where);
  return [...into];
};

describe('csvFields and csvField', () => {
  it('take quotes off', () => {
    expect(csvFields(Buffer.from('a, b ,"c, ""d"""'), where)).toEqual(['a', 'b', 'c, "d"']);
    expect(csvField(Buffer.from('"x, y",2'), 1, where)).toBe('2');
    expect(csvField(Buffer.from('7, 8 ,9'), 1, where)).toBe('8');
    expect(csvField(Buffer.from('7,8'), 2, where)).toBe('');
  });

  it('name the line of a quote without end', () => {
    expect(() => csvFields(Buffer.from('"a,b'), where)).toThrow(/^f: line 3: .*quote/i);
  });
});

describe('csvPixels', () => {
  it('reads all but the label, wherever that stands and whatever it is', () => {
    expect(pixels('9,0,128,255')).toEqual([0, 128, 255]);
    expect(pixels('1, 002 ,3,boot', 3)).toEqual([1, 2, 3]);
    expect(pixels('1,"T-shirt, top",2,3', 1)).toEqual([1, 2, 3]);
    expect(pixels('"1","x","2","3"', 1)).toEqual([1, 2, 3]);
  });

  it.each([
    ['9,0,256,1', 'f: line 3, column 3: expected an integer of 0 to 255, got "256"'],
    ['9,0,-1,1', 'column 3: expected an integer of 0 to 255, got "-1"'],
    ['9,0.5,1,1', 'column 2: expected an integer of 0 to 255, got "0.5"'],
    ['9,0,,1', 'column 3: expected an integer of 0 to 255, got ""'],
    ['9,0,x,1', 'got "x"'],
    ['9,0,1', 'f: line 3: expected 4 columns, got 3'],
    ['9,0,1,2,3', 'f: line 3: expected 4 columns, got 5'],
  ])('refuses %s', (line, message) => {
    expect(() => pixels(line)).toThrow(message);
  });
});
