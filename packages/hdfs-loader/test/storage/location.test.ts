import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normalizedPath, parentPath, parseLocation } from '../../src/storage/location.js';

describe('parseLocation', () => {
  it.each([
    ['data/x', resolve('data/x')],
    ['/a b/ü', '/a b/ü'],
    ['./a:b', resolve('a:b')],
    ['file:/a/b', '/a/b'],
    ['file:relative', resolve('relative')],
    ['file:///a%20b', '/a b'],
    ['FILE:///a', '/a'],
  ])('%s is a path of this machine', (text, path) => {
    expect(parseLocation(text)).toEqual({ scheme: 'file', path });
  });

  it.each([
    ['hdfs://nn/a', 'hdfs', [['nn', 0]], '/a'],
    ['hdfs://nn:9870', 'hdfs', [['nn', 9870]], '/'],
    ['hdfs:///a//b/', 'hdfs', [], '/a/b'],
    [
      'WebHDFS://nn-1.example:1,nn_2:2/x',
      'webhdfs',
      [
        ['nn-1.example', 1],
        ['nn_2', 2],
      ],
      '/x',
    ],
    ['swebhdfs://[::1]:9871/x', 'swebhdfs', [['::1', 9871]], '/x'],
    ['hdfs://nn/a b+c%20#d?e&f=ü/😀', 'hdfs', [['nn', 0]], '/a b+c%20#d?e&f=ü/😀'],
    ['hdfs://nn/a\nb', 'hdfs', [['nn', 0]], '/a\nb'],
  ])('%s', (text, scheme, nameNodes, path) => {
    const expected = nameNodes.map(([host, port]) => ({ host, port }));
    expect(parseLocation(text)).toEqual({ scheme, nameNodes: expected, path });
  });

  it.each([
    ['', 'expected a path, or hdfs://HOST[:PORT]/PATH'],
    ['a\0b', 'expected a path'],
    ['s3://bucket/x', 'expected a path, file:, hdfs:, webhdfs: or swebhdfs:, got s3:'],
    ['hdfs:/x', 'expected hdfs://HOST[:PORT]/PATH'],
    ['hdfs://nn:99999/x', 'expected HOST[:PORT], got "nn:99999"'],
    ['hdfs://nn:port/x', 'got "nn:port"'],
    ['hdfs://user@nn/x', 'got "user@nn"'],
    ['hdfs://nn1,,nn2/x', 'got ""'],
    ['hdfs://nn/a/../b', 'expected a path without ".."'],
    ['hdfs://nn/./b', 'expected a path without "."'],
    ['file://host/x', 'expected file:///PATH'],
  ])('refuses %j', (text, words) => {
    expect(() => parseLocation(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) as string }),
    );
  });
});

describe('normalizedPath', () => {
  it.each([
    ['/', '/'],
    ['//a///b/', '/a/b'],
    ['/...', '/...'],
    ['/.a/b.', '/.a/b.'],
  ])('%s → %s', (path, normal) => {
    expect(normalizedPath(path)).toBe(normal);
  });

  it.each(['a', '', '/a/..', '/\ud800', '/a\0'])('refuses %j', (path) => {
    expect(() => normalizedPath(path)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

it.each([
  ['/a/b c', '/a'],
  ['/a', '/'],
  ['/', '/'],
])('parentPath of %s is %s', (path, parent) => {
  expect(parentPath(path)).toBe(parent);
});
