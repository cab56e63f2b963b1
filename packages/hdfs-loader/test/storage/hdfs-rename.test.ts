import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { renameRemote } from '../../src/storage/hdfs-rename.js';
import { NameNodes } from '../../src/storage/name-nodes.js';
import { answer, answerLost, reset } from '../fake-faults.js';
import { QUICK } from '../fake-storage.js';
import { type FakeOptions, FakeWebHdfs } from '../fake-web-hdfs.js';

type Rename = (from: string, to: string, overwrite?: boolean) => Promise<boolean>;

async function renaming(o: FakeOptions = {}): Promise<{ fake: FakeWebHdfs; rename: Rename }> {
  const fake = await FakeWebHdfs.start(o);
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const port = Number(fake.address('nn1').split(':')[1]);
  const addresses = [{ protocol: 'http' as const, host: '127.0.0.1', port }];
  const nameNodes = new NameNodes({ addresses, credentials: {}, ...QUICK, agent });
  const { signal } = new AbortController();
  const isThere = (path: string): Promise<boolean> => Promise.resolve(fake.tree.find(path) !== undefined);
  const rename: Rename = (from, to, overwrite = false) =>
    renameRemote(nameNodes, { from, to, overwrite, signal, isThere });
  fake.tree.put('/a', Buffer.from('a'));
  fake.tree.put('/b', Buffer.from('b'));
  fake.tree.mkdirs('/dir', 'hdfs');
  return { fake, rename };
}

describe('renameRemote', () => {
  it('moves, and replaces when told to', async () => {
    const { fake, rename } = await renaming();
    expect(await rename('/a', '/c')).toBe(true);
    await expect(rename('/c', '/b')).rejects.toMatchObject({ code: 'EXISTS' });
    expect(await rename('/c', '/b', true)).toBe(true);
    expect(fake.tree.file('/b').bytes.toString()).toBe('a');
    expect(fake.tree.paths()).toEqual(['/b', '/dir']);
  });

  it('never moves into a directory', async () => {
    const { fake, rename } = await renaming();
    await expect(rename('/a', '/dir')).rejects.toMatchObject({ code: 'EXISTS' });
    expect(fake.tree.paths()).toEqual(['/a', '/b', '/dir']);
  });

  it.each([
    ['the source', '/x', '/c', /rename source \/x is not found/],
    ['the directory of the target', '/a', '/none/c', /rename destination parent \/none\/c not found/],
  ])('names what is missing: %s', async (_, from, to, message) => {
    const { rename } = await renaming();
    await expect(rename(from, to)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(message) as string,
    });
  });

  it('knows its own work after the answer was lost', async () => {
    const { fake, rename } = await renaming();
    fake.fault({}, answerLost, 1);
    expect(await rename('/a', '/c')).toBe(true);
    fake.fault({}, answerLost, 1);
    expect(await rename('/c', '/b', true)).toBe(true);
    fake.fault({}, reset, 1);
    await expect(rename('/x', '/y')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says what a gateway says that knows no options', async () => {
    const { fake, rename } = await renaming({ httpFs: true });
    expect(await rename('/a', '/c')).toBe(true);
    expect(await rename('/c', '/b', true)).toBe(false);
    fake.fault({}, answer('{}'));
    await expect(rename('/c', '/d')).rejects.toMatchObject({ code: 'IO' });
  });
});
