import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveDataset } from '../src/dataset.js';
import { ClusterError } from '../src/errors.js';
import { scratchFolder, tinyDataset } from './tiny-dataset.js';

function options(signal = new AbortController().signal) {
  const lines: string[] = [];
  return { lines, dataHome: scratchFolder(), storage: {}, onLine: (line: string) => lines.push(line), signal };
}

const uint32 = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4);
  return bytes;
};

/** The four official files, with images of one brightness and labels of one class. */
function writeIdx(dir: string, counts: { train: number; t10k: number }): void {
  for (const [part, count] of Object.entries(counts)) {
    const images = Buffer.concat([uint32(0x803, count, 28, 28), Buffer.alloc(count * 784, 9)]);
    writeFileSync(join(dir, `${part}-images-idx3-ubyte`), images);
    writeFileSync(
      join(dir, `${part}-labels-idx1-ubyte`),
      Buffer.concat([uint32(0x801, count), Buffer.alloc(count, 3)]),
    );
  }
}

describe('resolveDataset', () => {
  it('opens a folder that holds a weft data set where it is', async () => {
    const o = options();
    const dir = await tinyDataset(30, 7);
    const { location, manifest } = await resolveDataset(dir, o);
    expect([location, manifest.name, manifest.subsets.test.samples]).toEqual([dir, 'tiny', 7]);
    expect((await resolveDataset(`file://${dir}`, o)).location).toBe(dir);
    expect(o.lines).toEqual([]);
  });

  it('converts a folder of IDX files once', async () => {
    const o = options();
    const source = join(scratchFolder(), 'digits');
    mkdirSync(source);
    writeIdx(source, { train: 5, t10k: 2 });
    const first = await resolveDataset(source, o);
    expect(first.location.startsWith(join(o.dataHome, 'datasets'))).toBe(true);
    expect(o.lines).toEqual([`data set digits converted into ${first.location}`]);
    expect(first.manifest.name).toBe('digits');
    const { labels, count } = await first.subset('train').load();
    expect([count, [...labels]]).toEqual([5, [3, 3, 3, 3, 3]]);
    const again = await resolveDataset(source, o);
    expect(again.location).toBe(first.location);
    expect(o.lines).toHaveLength(1);
  });

  it('has a folder’s name as the data set’s, in characters that any file system takes', async () => {
    const source = join(scratchFolder(), 'my digits: 0 to 9');
    mkdirSync(source);
    writeIdx(source, { train: 5, t10k: 2 });
    const { location, manifest } = await resolveDataset(`${source}/`, options());
    expect(manifest.name).toBe('my-digits-0-to-9');
    expect(basename(location)).toMatch(/^[A-Za-z0-9._-]+$/);
  });

  it('says what is wrong with a folder, in one line', async () => {
    const failure = async (dataset: string) => {
      const error = await resolveDataset(dataset, options()).catch((reason: unknown) => reason as ClusterError);
      expect(error).toBeInstanceOf(ClusterError);
      return error as ClusterError;
    };
    const gone = await failure('/nowhere/data');
    expect([gone.code, gone.message]).toEqual([
      'usage',
      '--dataset: fashion-mnist, a folder or an hdfs:// location expected, got "/nowhere/data", which does not exist',
    ]);
    const empty = scratchFolder();
    const lacking = await failure(empty);
    expect(lacking.code).toBe('data');
    expect(lacking.message).toContain(`--dataset ${empty}: ${empty}: expected IDX files (train-labels-idx1-ubyte …), `);
    const short = scratchFolder();
    writeIdx(short, { train: 5, t10k: 2 });
    writeFileSync(join(short, 'train-images-idx3-ubyte'), uint32(0x803, 5, 28, 28));
    expect((await failure(short)).message).toContain('train-images-idx3-ubyte');
    const broken = scratchFolder();
    writeFileSync(join(broken, 'manifest.json'), '{}');
    expect((await failure(broken)).message).toContain(`${join(broken, 'manifest.json')}: format: `);
    expect((await failure(join(broken, 'manifest.json'))).message).toContain('manifest.json: expected IDX files');
  });

  it('stops when the signal aborts', async () => {
    const source = scratchFolder();
    writeIdx(source, { train: 5, t10k: 2 });
    const aborted = resolveDataset(source, options(AbortSignal.abort()));
    await expect(aborted).rejects.toMatchObject({ code: 'interrupted' });
  });
});
