import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DecodedSafetensors, encodeSafetensors } from './codec.js';
import { SafetensorsError } from './errors.js';
import { decodeSafetensorsHeader, headerLength, lengthBytes, type SafetensorsHeader } from './header.js';
import { type Tensor, tensorView } from './tensor.js';

// Linux moves at most 2 GiB − 4 KiB in one read or write.
const MAX_TRANSFER_BYTES = 1 << 30;

/**
 * Writes a file so that `path` holds either what it held before or the whole new content, even after a crash: temporary
 * name beside it, fsync, rename, fsync of the folder. The tensors must not change until the promise settles.
 *
 * @throws SafetensorsError INVALID_TENSOR, HEADER_TOO_LONG, IO
 * @example await writeSafetensors('weights.safetensors', { w: { dtype: 'F32', shape: [2], data } }, { step: '7' });
 */
export async function writeSafetensors(
  path: string,
  tensors: Record<string, Tensor>,
  metadata?: Record<string, string>,
): Promise<void> {
  const parts = encodeSafetensors(tensors, metadata);
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      for (const part of parts) await writeAll(handle, part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    // The temporary name may never have existed; the first error is the one to report.
    await unlink(temporary).catch(() => {});
    throw new SafetensorsError('IO', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Reads a whole file. The data lands in memory of its own, aligned to 8, and the tensors are views of it.
 *
 * @throws SafetensorsError every code but INVALID_TENSOR; the message begins with the path
 * @example const { tensors, metadata } = await readSafetensors('weights.safetensors');
 */
export async function readSafetensors(path: string): Promise<DecodedSafetensors> {
  return withFile(path, async (handle) => {
    const header = await readHeader(handle);
    const data = Buffer.allocUnsafeSlow(header.fileBytes - header.dataStart);
    await readAll(handle, data, header.dataStart);
    const tensors = Object.create(null) as Record<string, Tensor>;
    for (const [name, { dtype, shape, begin, end }] of Object.entries(header.tensors)) {
      const range = { begin: begin - header.dataStart, end: end - header.dataStart };
      tensors[name] = tensorView(dtype, shape, data, range);
    }
    return { tensors, metadata: header.metadata };
  });
}

/**
 * Reads and checks a file's header only: names, types, shapes and byte ranges, for reading parts of large files.
 *
 * @throws SafetensorsError every code but INVALID_TENSOR; the message begins with the path
 * @example const { begin, end } = (await readSafetensorsHeader(path)).tensors.inputs!;
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return withFile(path, readHeader);
}

async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    const handle = await open(path, 'r');
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = cause instanceof SafetensorsError ? cause.code : 'IO';
    throw new SafetensorsError(code, `${path}: ${(cause as Error).message}`, { cause });
  }
}

async function readHeader(handle: FileHandle): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  const prefix = Buffer.alloc(Math.min(lengthBytes, size));
  await readAll(handle, prefix, 0);
  const header = Buffer.alloc(lengthBytes + headerLength(prefix, size));
  await readAll(handle, header, 0);
  return decodeSafetensorsHeader(header, size);
}

async function readAll(handle: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const length = Math.min(MAX_TRANSFER_BYTES, into.length - done);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) {
      const message = `expected ${position + into.length} bytes, the file ends at ${position + done}`;
      throw new SafetensorsError('TRUNCATED', message);
    }
    done += bytesRead;
  }
}

async function writeAll(handle: FileHandle, part: Uint8Array): Promise<void> {
  for (let done = 0; done < part.length; ) {
    const { bytesWritten } = await handle.write(part, done, Math.min(MAX_TRANSFER_BYTES, part.length - done));
    done += bytesWritten;
  }
}

/** Makes the rename itself durable. Windows cannot open a folder; some network file systems cannot sync one. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EINVAL') throw cause;
  } finally {
    await handle.close();
  }
}
