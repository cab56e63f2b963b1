import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  dataNodeCommand,
  formatCommand,
  lastWords,
  nameNodeCommand,
  toolWords,
} from '../../src/hadoop/daemon-command.js';
import { planLayout } from '../../src/hadoop/layout.js';
import type { Program } from '../../src/hadoop/program.js';
import { scratchFolder } from '../scratch-folder.js';
import { scriptCommand } from './processes.js';

const program = async (highAvailability: boolean): Promise<Program> => ({
  java: { path: '/java/bin/java', keytool: '', major: 17, build: '' },
  jarsDir: '/jars',
  layout: await planLayout({ dir: '/data', highAvailability }),
  jvmArgs: ['-Xmx1g'],
});

describe('the commands', () => {
  it('run Java with the jars first, then the configuration, and a log of their own', async () => {
    const { words, logFile } = nameNodeCommand(await program(false), 0);
    expect(words[0]).toBe('/java/bin/java');
    expect(words).toContain('-Xmx1g');
    expect(words[words.indexOf('-cp') + 1]).toBe('/jars/*:/data/conf');
    expect(words.at(-1)).toBe('org.apache.hadoop.hdfs.server.namenode.NameNode');
    expect(logFile).toBe('/data/logs/nn1.log');
    expect(words).toContain('-Dhadoop.log.file=/data/logs/nn1.log');
    expect(words.some((word) => word.includes('SharedArchiveFile'))).toBe(false);
  });

  it('map an archive of classes where there is one', async () => {
    const archived = { ...(await program(false)), classArchive: '/c.jsa' };
    expect(toolWords(archived, 'Tool', ['-x'])).toContain('-XX:SharedArchiveFile=/c.jsa');
    expect(toolWords(archived, 'Tool', ['-x']).slice(-2)).toEqual(['Tool', '-x']);
  });

  it('tell each NameNode of a pair which it is, and the second to copy the first', async () => {
    const pair = await program(true);
    expect(nameNodeCommand(pair, 1).words.slice(-2)).toEqual(['-D', 'dfs.ha.namenode.id=nn2']);
    expect(formatCommand(pair, 0).words.slice(-2)).toEqual(['-format', '-nonInteractive']);
    expect(formatCommand(pair, 1).words.slice(-2)).toEqual(['-bootstrapStandby', '-nonInteractive']);
  });

  it('tell each DataNode where its data is', async () => {
    expect(dataNodeCommand(await program(false), 0).words).toContain('dfs.datanode.data.dir=file:///data/data1');
  });
});

describe('lastWords', () => {
  it.each([
    [
      'the last error with the last cause of its exception',
      `2026-11-24 00:11:21,426 ERROR NameNode: Failed to start namenode.
java.net.BindException: Port in use: localhost:9870
	at org.apache.hadoop.http.HttpServer2.constructBindException(HttpServer2.java:1367)
Caused by: java.net.BindException: Address already in use
	at sun.nio.ch.Net.bind0(Native Method)
2026-11-24 00:11:21,500 INFO ExitUtil: Exiting with status 1`,
      'ERROR NameNode: Failed to start namenode.: java.net.BindException: Address already in use',
    ],
    [
      'the last error, without an exception',
      '2026-11-24 00:11:21,426 ERROR DataNode: All directories have failed\n2026-11-24 00:11:21,500 INFO x: y\n',
      'ERROR DataNode: All directories have failed',
    ],
    ['the last line, without an error', '2026-11-24 00:11:21,426 INFO a: b\n\n', '2026-11-24 00:11:21,426 INFO a: b'],
  ])('%s', async (_, log, words) => {
    const command = scriptCommand(scratchFolder(), '');
    await writeFile(command.logFile, log);
    expect(await lastWords(command)).toBe(words);
  });

  it('what the JVM said, or that there was nothing', async () => {
    const command = scriptCommand(scratchFolder(), '');
    expect(await lastWords(command)).toBe('it wrote nothing');
    await writeFile(command.outFile, 'Error: Could not find or load main class\nmore\n');
    expect(await lastWords(command)).toBe('Error: Could not find or load main class');
  });
});
