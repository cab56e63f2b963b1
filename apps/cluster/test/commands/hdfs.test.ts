import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseBlockSize } from '../../src/commands/hdfs.js';
import { commandLine } from '../command-line.js';

let dir: string;

const { said, run: runWords } = commandLine('hdfs');
const run = (line: string): Promise<number> => runWords(...line.split(' '), '--dir', dir);

// That a Hadoop comes up is tested where it is started: @weft/hdfs-loader/hadoop.
describe('cluster hdfs', () => {
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-hdfs-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is down with exit status 3 where it was never started', async () => {
    expect(await run('status')).toBe(3);
    expect(said.out).toBe(`HDFS is down: never started\n  data in ${dir}\n`);
    expect(said.err).toBe('error: HDFS is down: never started\n');
    expect(await run('down')).toBe(0);
  });

  it('is one JSON object with --json', async () => {
    expect(await run('status --json')).toBe(3);
    expect(JSON.parse(said.out)).toMatchObject({ up: false, dir, daemons: [] });
  });

  it('says what to do when there is no Java', async () => {
    vi.stubEnv('JAVA_HOME', '/nowhere');
    expect(await run('up --http-port 21870 --port 21871')).toBe(1);
    expect(said.err).toMatch(
      /^error: Java 17 or newer expected for Hadoop, none in JAVA_HOME=\/nowhere; to have it: .+\n$/,
    );
  });

  it('names a port that is taken', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    expect(await run(`up --http-port ${port}`)).toBe(1);
    expect(said.err).toBe(`error: port ${port} of localhost expected to be free, something listens there\n`);
    server.close();
  });

  it.each([
    ['--datanodes 0', /^error: --datanodes: a whole number from 1 to 64 expected, got "0"\n$/],
    ['--replication x', /^error: --replication: /],
    ['--port 70000', /^error: --port: a whole number from 1 to 65535 expected, got "70000"\n$/],
    ['--block-size 128Mi', /^error: --block-size: bytes, or as 128MiB, .* expected, got "128Mi"\n$/],
    ['--nonsense', /^error: unknown option '--nonsense'\n$/],
  ])('refuses up %s', async (flags, message) => {
    expect(await run(`up ${flags}`)).toBe(2);
    expect(said.err).toMatch(message);
  });
});

describe('parseBlockSize', () => {
  it.each([
    ['134217728', 134_217_728],
    ['128MiB', 134_217_728],
    ['1 GiB', 2 ** 30],
    ['1024', 1_024],
  ])('%s', (text, size) => {
    expect(parseBlockSize(text)).toBe(size);
  });

  it.each(['', '0', '1000', '1025', '-1MiB', '1.5KB', '9999999GiB'])('refuses %j', (text) => {
    expect(() => parseBlockSize(text)).toThrow(/^--block-size: /);
  });
});
