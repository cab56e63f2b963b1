import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchJars, HADOOP_JARS, type Jar, jarsDir, missingJars } from '../../src/hadoop/jars.js';
import { scratchFolder } from '../scratch-folder.js';

const contents = Array.from({ length: 20 }, (_, i) => Buffer.alloc(10_000 + i, i));
const jars: Jar[] = contents.map((content, i) => ({
  path: `org/some/${i}/jar-${i}.jar`,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
}));
const total = jars.reduce((sum, jar) => sum + jar.bytes, 0);

let close = (): void => {};
afterEach(() => close());

/** A Maven repository of those jars; `bad` may answer instead. */
async function repository(bad: (i: number, response: ServerResponse, asked: number) => boolean = () => false) {
  const asked: number[] = contents.map(() => 0);
  const server = createServer((request, response) => {
    const i = jars.findIndex((jar) => `/maven2/${jar.path}` === request.url);
    const count = ++asked[i]!;
    if (!bad(i, response, count)) response.end(contents[i]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/maven2/`, asked };
}

async function expectAll(dir: string): Promise<void> {
  expect(new Set(await readdir(dir))).toEqual(new Set(jars.map((jar) => jar.path.split('/').at(-1))));
  for (const [i, content] of contents.entries()) {
    expect((await readFile(join(dir, `jar-${i}.jar`))).equals(content)).toBe(true);
  }
}

describe('HADOOP_JARS', () => {
  it('are of one version of Hadoop, each once', () => {
    expect(new Set(HADOOP_JARS.map((jar) => jar.path)).size).toBe(HADOOP_JARS.length);
    for (const jar of HADOOP_JARS) {
      expect(jar.path).toMatch(/^[\w./+-]+\.jar$/);
      expect(jar.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(jar.bytes).toBeGreaterThan(0);
    }
    for (const name of ['common', 'hdfs', 'hdfs-client']) {
      expect(HADOOP_JARS.some((jar) => jar.path.endsWith(`/hadoop-${name}-3.5.0.jar`))).toBe(true);
    }
  });
});

describe('fetchJars', () => {
  it('fetches all, tells how far it is, and nothing twice', async () => {
    const { url, asked } = await repository();
    const dataHome = await scratchFolder();
    const seen: number[] = [];
    const onProgress = (done: number, of: number): void => {
      expect(of).toBe(total);
      seen.push(done);
    };
    const dir = await fetchJars({ dataHome, repository: url, jars, onProgress });
    expect(dir).toBe(jarsDir(dataHome));
    await expectAll(dir);
    expect(seen.at(-1)).toBe(total);
    expect(asked).toEqual(jars.map(() => 1));
    await fetchJars({ dataHome, repository: url, jars });
    expect(asked).toEqual(jars.map(() => 1));
  });

  it('goes on where one that was interrupted ended, and replaces what is too short', async () => {
    const { url, asked } = await repository();
    const dataHome = await scratchFolder();
    const dir = jarsDir(dataHome);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'jar-3.jar'), contents[3]!);
    await writeFile(join(dir, 'jar-4.jar'), 'short');
    expect(await missingJars(dir, jars)).toHaveLength(19);
    await fetchJars({ dataHome, repository: url, jars });
    await expectAll(dir);
    expect([asked[3], asked[4]]).toEqual([0, 1]);
  });

  it('takes from a local repository what is there, undamaged', async () => {
    const { url, asked } = await repository();
    const local = await scratchFolder();
    for (const [i, jar] of jars.entries()) {
      const file = join(local, jar.path);
      await mkdir(dirname(file), { recursive: true });
      // The same size, another digest.
      await writeFile(file, i === 5 ? Buffer.alloc(jar.bytes, 99) : contents[i]!);
    }
    const dir = await fetchJars({
      dataHome: await scratchFolder(),
      repository: url,
      jars,
      localRepositories: ['/nowhere', local],
    });
    await expectAll(dir);
    expect(asked).toEqual(jars.map((_, i) => (i === 5 ? 1 : 0)));
  });

  it('does not mind others that do the same', async () => {
    const { url } = await repository();
    const dataHome = await scratchFolder();
    await Promise.all([1, 2, 3].map(() => fetchJars({ dataHome, repository: url, jars })));
    await expectAll(jarsDir(dataHome));
  });

  it('asks again after a cut connection and a busy server', async () => {
    const { url, asked } = await repository((i, response, count) => {
      if (i === 2 && count === 1) {
        response.writeHead(200, { 'content-length': contents[i]!.length });
        response.write(contents[i]!.subarray(0, 100), () => response.destroy());
        return true;
      }
      if (i !== 6 || count > 1) return false;
      response.writeHead(503).end('busy');
      return true;
    });
    const seen: number[] = [];
    const dir = await fetchJars({
      dataHome: await scratchFolder(),
      repository: url,
      jars,
      onProgress: (done) => seen.push(done),
    });
    await expectAll(dir);
    expect([asked[2], asked[6]]).toEqual([2, 2]);
    expect(seen.at(-1)).toBe(total);
  });

  it.each([
    [
      'damaged',
      (response: ServerResponse) => response.end(Buffer.alloc(10_007, 1)),
      /jar-7\.jar: SHA-256 [0-9a-f]{64} expected, got /,
    ],
    ['too short', (response: ServerResponse) => response.end('short'), /jar-7\.jar: 10007 bytes expected, got 5$/],
    [
      'too long',
      (response: ServerResponse) => response.end(Buffer.alloc(20_000)),
      /jar-7\.jar: 10007 bytes expected, got more$/,
    ],
    ['missing', (response: ServerResponse) => response.writeHead(404).end(), /jar-7\.jar: status 404$/],
  ])('refuses a jar that is %s, and leaves nothing of it', async (_, answer, message) => {
    const { url } = await repository((i, response) => {
      if (i === 7) answer(response);
      return i === 7;
    });
    const dataHome = await scratchFolder();
    await expect(fetchJars({ dataHome, repository: url, jars })).rejects.toThrow(message);
    const names = await readdir(jarsDir(dataHome));
    expect(names).not.toContain('jar-7.jar');
    expect(names.filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('names the URL when nobody answers', async () => {
    const { url } = await repository();
    close();
    const fetching = fetchJars({ dataHome: await scratchFolder(), repository: url, jars });
    await expect(fetching).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`cannot fetch ${url}org/some/`) as string,
    });
  });

  it('ends when it is told to', async () => {
    const abort = new AbortController();
    const { url } = await repository((i) => {
      // The others are there by then, or never will be.
      if (i === 19) abort.abort(new Error('enough'));
      return i === 19;
    });
    const fetching = fetchJars({ dataHome: await scratchFolder(), repository: url, jars, signal: abort.signal });
    await expect(fetching).rejects.toThrow('enough');
  });
});
