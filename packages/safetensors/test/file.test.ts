import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../src/codec.js';
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from '../src/file.js';
import type { Tensor } from '../src/tensor.js';

const tensors: Record<string, Tensor> = {
  images: { dtype: 'U8', shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
  labels: { dtype: 'U16', shape: [2], data: Uint16Array.of(7, 8) },
};
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-safetensors-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeSafetensors', () => {
  it('writes the encoded bytes, replaces an older file and leaves nothing else', async () => {
    const path = join(folder, 'a.safetensors');
    await writeFile(path, 'older');
    await writeSafetensors(path, tensors, { step: '7' });
    expect(await readFile(path)).toEqual(Buffer.concat(encodeSafetensors(tensors, { step: '7' })));
    expect(await readdir(folder)).toEqual(['a.safetensors']);
  });

  it('keeps the older file and removes the temporary one when it fails', async () => {
    const path = join(folder, 'taken');
    await mkdir(join(path, 'full'), { recursive: true });
    await expect(writeSafetensors(path, tensors)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(path),
      cause: expect.objectContaining({ syscall: 'rename' }),
    });
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('refuses a bad tensor before it touches the disk', async () => {
    const bad: Tensor = { dtype: 'U8', shape: [2], data: Uint8Array.of(1) };
    await expect(writeSafetensors(join(folder, 'b'), { bad })).rejects.toMatchObject({ code: 'INVALID_TENSOR' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('readSafetensors', () => {
  it('returns what was written, as views of one aligned buffer', async () => {
    const path = join(folder, 'a.safetensors');
    await writeSafetensors(path, tensors, { split: 'npm' });
    const read = await readSafetensors(path);
    expect(read).toEqual({ tensors, metadata: { split: 'npm' } });
    expect(read.tensors['labels']!.data.buffer).toBe(read.tensors['images']!.data.buffer);
  });

  it('reads a file whose header is not padded', async () => {
    const path = join(folder, 'odd.safetensors');
    const header = Buffer.from('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
    const bytes = Buffer.alloc(8 + header.length + 4);
    bytes.writeBigUInt64LE(BigInt(header.length));
    header.copy(bytes, 8);
    bytes.writeFloatLE(2.5, 8 + header.length);
    expect((8 + header.length) % 8).not.toBe(0);
    await writeFile(path, bytes);
    expect((await readSafetensors(path)).tensors['w']!.data).toEqual(Float32Array.of(2.5));
  });

  it('names the path of a missing, empty or truncated file', async () => {
    const path = join(folder, 'a.safetensors');
    await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining(path) });
    await writeFile(path, '');
    await expect(readSafetensors(path)).rejects.toMatchObject({
      code: 'TRUNCATED',
      message: expect.stringMatching(/a\.safetensors.*got 0/),
    });
    await writeSafetensors(path, tensors);
    const { size } = await stat(path);
    await truncate(path, size - 1);
    await expect(readSafetensors(path)).rejects.toMatchObject({
      code: 'TRUNCATED',
      message: expect.stringMatching(`"images" ends at byte ${size}, the file has ${size - 1} bytes`),
    });
  });
});

describe('readSafetensorsHeader', () => {
  it('gives byte ranges of the file', async () => {
    const path = join(folder, 'a.safetensors');
    await writeSafetensors(path, tensors);
    const header = await readSafetensorsHeader(path);
    const bytes = await readFile(path);
    const { begin, end } = header.tensors['images']!;
    expect([...bytes.subarray(begin, end)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(header.fileBytes).toBe(bytes.length);
  });
});
