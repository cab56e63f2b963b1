import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HadoopConf, nameNodeAddresses, readHadoopConf } from '../../src/storage/hadoop-conf.js';
import { parseLocation } from '../../src/storage/location.js';
import { scratchFolder } from '../scratch-folder.js';

const property = (name: string, value: string): string =>
  `<property><name>${name}</name><value>${value}</value></property>`;
const xml = (...properties: string[]): string =>
  `<?xml version="1.0"?>\n<!-- ours -->\n<configuration>${properties.join('\n')}</configuration>`;

function addresses(url: string, conf: Record<string, string>): string[] {
  const location = parseLocation(url);
  if (location.scheme === 'file') throw new Error(url);
  return nameNodeAddresses(location, new Map(Object.entries(conf))).map(
    ({ protocol, host, port }) => `${protocol}://${host}:${port}`,
  );
}

describe('readHadoopConf', () => {
  it('reads both files, the second over the first', () => {
    const dir = scratchFolder();
    writeFileSync(
      join(dir, 'core-site.xml'),
      xml(property(' a ', ' 1 '), property('b', 'x &amp; y'), property('c', '')),
    );
    writeFileSync(join(dir, 'hdfs-site.xml'), xml(property('a', '2')));
    const expected: HadoopConf = new Map([
      ['a', '2'],
      ['b', 'x & y'],
      ['c', ''],
    ]);
    expect(readHadoopConf(dir)).toEqual(expected);
  });

  it('takes a file that is not there, or is empty of properties, for nothing said', () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'core-site.xml'), '<configuration/>');
    expect(readHadoopConf(dir).size).toBe(0);
  });

  it.each([
    ['<configuration><property><name>a</name>', /core-site\.xml: line \d+: /],
    ['<configuration><property></configuration>', /core-site\.xml: line \d+: /],
    ['<html/>', /core-site\.xml: expected <configuration>/],
    ['', /core-site\.xml: /],
    ['key = value', /core-site\.xml: /],
  ])('names the file that is no configuration: %s', (text, message) => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'core-site.xml'), text);
    expect(() => readHadoopConf(dir)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string }),
    );
  });

  it('names a file that cannot be read', () => {
    const dir = scratchFolder();
    mkdirSync(join(dir, 'hdfs-site.xml'));
    expect(() => readHadoopConf(dir)).toThrow(/hdfs-site\.xml: EISDIR/);
  });
});

describe('nameNodeAddresses', () => {
  const pair = {
    'fs.defaultFS': 'hdfs://ns',
    'dfs.nameservices': 'ns',
    'dfs.ha.namenodes.ns': 'nn1, nn2',
    'dfs.namenode.rpc-address.ns.nn1': 'a:8020',
    'dfs.namenode.rpc-address.ns.nn2': 'b:8020',
    'dfs.namenode.http-address.ns.nn1': 'a:50070',
    'dfs.namenode.http-address.ns.nn2': '0.0.0.0:50071',
    'dfs.namenode.https-address.ns.nn1': 'a:50470',
    'dfs.namenode.https-address.ns.nn2': 'b:50471',
  };

  it.each([
    ['hdfs://nn/x', {}, ['http://nn:9870']],
    ['hdfs://nn:1234/x', {}, ['http://nn:1234']],
    ['webhdfs://nn1,nn2:1/x', {}, ['http://nn1:9870', 'http://nn2:1']],
    ['swebhdfs://nn/x', {}, ['https://nn:9871']],
    ['hdfs://nn/x', { 'dfs.http.policy': 'HTTPS_ONLY' }, ['https://nn:9871']],
    ['hdfs://ns/x', pair, ['http://a:50070', 'http://b:50071']],
    ['hdfs:///x', pair, ['http://a:50070', 'http://b:50071']],
    ['swebhdfs://ns/x', pair, ['https://a:50470', 'https://b:50471']],
    ['hdfs://ns/x', { ...pair, 'dfs.http.policy': 'HTTPS_ONLY' }, ['https://a:50470', 'https://b:50471']],
    ['hdfs://b:8020/x', pair, ['http://b:50071']],
    ['hdfs://b/x', pair, ['http://b:50071']],
    ['hdfs://other/x', pair, ['http://other:9870']],
    ['hdfs:///x', { 'fs.defaultFS': 'hdfs://nn:8020' }, ['http://nn:9870']],
    ['hdfs:///x', { 'fs.defaultFS': 'hdfs://nn:8020/', 'dfs.namenode.http-address': 'nn:50070' }, ['http://nn:50070']],
    ['hdfs:///x', { 'fs.defaultFS': 'hdfs://nn', 'dfs.namenode.http-address': '0.0.0.0:50070' }, ['http://nn:50070']],
    ['hdfs:///x', { 'fs.default.name': 'hdfs://nn:9000' }, ['http://nn:9000']],
    ['hdfs://ns/x', { 'dfs.ha.namenodes.ns': 'nn1', 'dfs.namenode.rpc-address.ns.nn1': 'a:8020' }, ['http://a:9870']],
  ])('%s with %o', (url, conf, expected) => {
    expect(addresses(url, conf)).toEqual(expected);
  });

  it.each([
    ['hdfs:///x', {}, 'expected fs.defaultFS in core-site.xml of HADOOP_CONF_DIR, got ""'],
    ['hdfs:///x', { 'fs.defaultFS': 'file:///' }, 'got "file:///"'],
    ['hdfs://ns/x', { 'dfs.ha.namenodes.ns': 'nn1,nn2' }, 'expected dfs.namenode.http-address.ns.nn1 in hdfs-site.xml'],
  ])('%s with %o is refused', (url, conf, words) => {
    expect(() => addresses(url, conf)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) as string }),
    );
  });
});
