import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  configurationXml,
  coreSite,
  dataNodeProperties,
  hdfsSite,
  writeConfiguration,
} from '../../src/hadoop/configuration.js';
import { type LayoutOptions, planLayout } from '../../src/hadoop/layout.js';
import { readHadoopConf } from '../../src/storage/hadoop-conf.js';
import { scratchFolder } from '../scratch-folder.js';

const plan = async (o: Partial<LayoutOptions> = {}) => planLayout({ dir: await scratchFolder(), ...o });

describe('configurationXml', () => {
  it('escapes what XML wants escaped', () => {
    expect(configurationXml({ 'a.b': '<1> & "2"' })).toContain(
      '<property><name>a.b</name><value>&lt;1&gt; &amp; &quot;2&quot;</value></property>',
    );
  });
});

describe('hdfsSite', () => {
  it('has Hadoop’s own defaults, and as many copies as DataNodes, at most three', async () => {
    for (const [dataNodes, replication] of [
      [1, '1'],
      [2, '2'],
      [5, '3'],
    ] as const) {
      expect(hdfsSite(await plan({ dataNodes }))).toMatchObject({
        'dfs.replication': replication,
        'dfs.blocksize': '134217728',
        'dfs.heartbeat.interval': '3',
        'dfs.permissions.enabled': 'true',
      });
    }
  });

  it('names both NameNodes of a pair', async () => {
    const layout = await plan({ highAvailability: true });
    const [one, two] = layout.nameNodes;
    expect(coreSite(layout)['fs.defaultFS']).toBe('hdfs://weft');
    expect(hdfsSite(layout)).toMatchObject({
      'dfs.nameservices': 'weft',
      'dfs.ha.namenodes.weft': 'nn1,nn2',
      'dfs.namenode.http-address.weft.nn1': `127.0.0.1:${one?.httpPort}`,
      'dfs.namenode.http-address.weft.nn2': `127.0.0.1:${two?.httpPort}`,
      'dfs.namenode.rpc-address.weft.nn2': `127.0.0.1:${two?.rpcPort}`,
    });
  });

  it('says HTTPS everywhere', async () => {
    const layout = await plan({ https: true });
    expect(hdfsSite(layout)).toMatchObject({ 'dfs.http.policy': 'HTTPS_ONLY' });
    expect(hdfsSite(layout)).toHaveProperty(['dfs.namenode.https-address']);
    expect(dataNodeProperties(layout, 0)).toHaveProperty(['dfs.datanode.https.address']);
  });
});

describe('dataNodeProperties', () => {
  it('lets block locations name the host, and transfers on the address that the NameNode sees', async () => {
    const layout = await plan({ dataNodeHosts: ['127.0.0.1'] });
    expect(dataNodeProperties(layout, 0)).toMatchObject({
      'dfs.datanode.hostname': '127.0.0.1',
      'dfs.datanode.http.address': `127.0.0.1:${layout.dataNodes[0]?.httpPort}`,
      'dfs.datanode.address': '127.0.0.1:0',
    });
  });
});

describe('writeConfiguration', () => {
  it('writes files that a client reads, further properties on top', async () => {
    const layout = await plan();
    await writeConfiguration(layout, { blockSize: 1 << 20, properties: { 'dfs.replication': '7' } });
    const read = readHadoopConf(layout.confDir);
    expect(read.get('fs.defaultFS')).toBe(`hdfs://127.0.0.1:${layout.nameNodes[0]?.rpcPort}`);
    expect(read.get('dfs.blocksize')).toBe('1048576');
    expect(read.get('dfs.replication')).toBe('7');
    for (const page of ['hdfs', 'datanode']) {
      expect(await readFile(join(layout.confDir, 'webapps', page, 'WEB-INF', 'web.xml'), 'utf8')).toBe('<web-app/>\n');
    }
  });

  it('writes where the stores of HTTPS are', async () => {
    const layout = await plan({ https: true });
    const stores = { keyStore: '/k.p12', trustStore: '/t.p12', password: 'secret', ca: '' };
    await writeConfiguration(layout, { stores });
    for (const side of ['server', 'client']) {
      const text = await readFile(join(layout.confDir, `ssl-${side}.xml`), 'utf8');
      expect(text).toContain(`<name>ssl.${side}.keystore.location</name><value>/k.p12</value>`);
      expect(text).toContain(`<name>ssl.${side}.truststore.password</name><value>secret</value>`);
    }
  });
});
