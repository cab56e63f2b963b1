import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, opendir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { readFiles } from '@weft/native';
import { fileError, LoaderError } from '../errors.js';
import type {
  BlockLocation,
  CallOptions,
  FileChecksum,
  FileStatus,
  ReadOptions,
  ReadStats,
  Storage,
  WriteData,
  WriteOptions,
} from './storage.js';
import { piecesUntil, requireRange, temporaryName } from './write-data.js';

const PIECE_BYTES = 1 << 20;

/**
 * The file system of this machine. Paths are those of the operating system.
 *
 * @example const storage = fileStorage(); await storage.write('/tmp/greeting', new TextEncoder().encode('hello'));
 */
export function fileStorage(): Storage {
  return new FileStorage();
}

class FileStorage implements Storage {
  readonly root = 'file:';
  #localBytes = 0;

  get stats(): ReadStats {
    return { localBytes: this.#localBytes, remoteBytes: 0, retries: 0 };
  }

  async stat(path: string, { signal }: CallOptions = {}): Promise<FileStatus> {
    signal?.throwIfAborted();
    return statusOf(path, await refused('read', path, () => stat(path)));
  }

  async *list(path: string, { signal }: CallOptions = {}): AsyncGenerator<FileStatus> {
    signal?.throwIfAborted();
    const entries = await refused('read', path, () => opendir(path));
    for await (const { name } of entries) {
      signal?.throwIfAborted();
      const child = join(path, name);
      try {
        yield statusOf(child, await stat(child));
      } catch (cause) {
        // Deleted since, or a link that leads nowhere.
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError('read', child, cause);
      }
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { offset = 0, reuse = false, signal } = options;
    signal?.throwIfAborted();
    const file = await openFile(path);
    let memory: Uint8Array | undefined;
    try {
      const { size } = await file.stat();
      const length = options.length ?? size - offset;
      requireRange({ path, offset, length, size });
      for (let done = 0; done < length; ) {
        signal?.throwIfAborted();
        const bytes = Math.min(PIECE_BYTES, length - done);
        memory = reuse && memory ? memory : new Uint8Array(bytes);
        const piece = memory.subarray(0, bytes);
        await this.#fill(file, piece, { path, offset: offset + done });
        done += piece.length;
        yield piece;
      }
    } finally {
      await file.close();
    }
  }

  async readInto(path: string, into: Uint8Array, options: CallOptions & { offset?: number } = {}): Promise<void> {
    const { offset = 0, signal } = options;
    signal?.throwIfAborted();
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      requireRange({ path, offset, length: into.length, size });
      await this.#fill(file, into, { path, offset });
    } finally {
      await file.close();
    }
  }

  async readSmall(
    paths: readonly string[],
    into: Uint8Array,
    { signal }: CallOptions = {},
  ): Promise<ArrayLike<number>> {
    signal?.throwIfAborted();
    const lengths = (await readFiles(paths, into)) ?? paths.map(() => -1);
    for (const length of lengths) this.#localBytes += Math.max(0, length);
    return lengths;
  }

  async #fill(file: FileHandle, into: Uint8Array, at: { path: string; offset: number }): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await refused('read', at.path, () =>
        file.read(into, done, into.length - done, at.offset + done),
      );
      if (bytesRead === 0) {
        const end = at.offset + into.length;
        throw new LoaderError('TRUNCATED', `${at.path}: expected ${end} bytes, got ${at.offset + done}`);
      }
      done += bytesRead;
      this.#localBytes += bytesRead;
    }
  }

  async write(path: string, data: WriteData, options: WriteOptions = {}): Promise<number> {
    const { overwrite = false, signal } = options;
    signal?.throwIfAborted();
    if (!overwrite && (await exists(path))) throw new LoaderError('EXISTS', `${path}: expected no such file`);
    const temporary = temporaryName(path);
    let bytes = 0;
    try {
      await refused('write', path, () => makeFolder(dirname(path)));
      const file = await refused('write', temporary, () => open(temporary, 'wx'));
      try {
        for await (const piece of piecesUntil(data, signal)) {
          await refused('write', path, () => file.writeFile(piece));
          bytes += piece.length;
        }
        await refused('write', path, () => file.sync());
      } finally {
        await file.close();
      }
      if (overwrite) await refused('write', path, () => rename(temporary, path));
      else await moveToFree(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return bytes;
  }

  async append(path: string, data: WriteData, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await refused('write', path, () => stat(path));
    const file = await refused('write', path, () => open(path, 'a'));
    try {
      for await (const piece of piecesUntil(data, signal)) {
        await refused('write', path, () => file.writeFile(piece));
      }
      await refused('write', path, () => file.sync());
    } finally {
      await file.close();
    }
  }

  async rename(from: string, to: string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await refused('read', from, () => stat(from));
    if (await exists(to)) throw new LoaderError('EXISTS', `${to}: expected no such file`);
    await refused('write', to, () => rename(from, to));
  }

  async delete(path: string, options: CallOptions & { recursive?: boolean } = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    try {
      if (options.recursive) {
        await rm(path, { recursive: true });
      } else if ((await lstat(path)).isDirectory()) {
        await rmdir(path);
      } else {
        await unlink(path);
      }
      return true;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw fileError('write', path, cause);
    }
  }

  async mkdirs(path: string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await refused('write', path, () => makeFolder(path));
  }

  async checksum(path: string, options: CallOptions = {}): Promise<FileChecksum> {
    const hash = createHash('sha256');
    for await (const piece of this.read(path, { ...options, reuse: true })) hash.update(piece);
    return { algorithm: 'SHA-256', digest: hash.digest('hex') };
  }

  async blocks(path: string, options: CallOptions = {}): Promise<readonly BlockLocation[]> {
    const { length } = await this.stat(path, options);
    return length === 0 ? [] : [{ offset: 0, length, hosts: [hostname()], names: [] }];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  if ((await refused('read', path, () => stat(path))).isDirectory())
    throw new LoaderError('IO', `${path}: expected a file, got a directory`);
  return refused('read', path, () => open(path));
}

/** A rename that does not replace what another writer has put there meanwhile. */
async function moveToFree(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' || (await exists(path)))
      throw new LoaderError('EXISTS', `${path}: expected no such file`, { cause });
    // A file system without hard links.
    await refused('write', path, () => rename(temporary, path));
    return;
  }
  await refused('write', temporary, () => unlink(temporary));
}

/**
 * Like mkdir -p. Node's own never returns where a file system refuses with ENOENT, as /proc does.
 *
 * @param isParentThere then ENOENT is such a refusal; before, another call may be making the parent at this moment
 */
async function makeFolder(path: string, isParentThere = false): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || isParentThere) throw error;
    if (!(await exists(dirname(path)))) await makeFolder(dirname(path));
    await makeFolder(path, true);
  }
}

function statusOf(path: string, stats: Stats): FileStatus {
  return {
    path,
    name: basename(path),
    type: stats.isDirectory() ? 'directory' : 'file',
    length: stats.isDirectory() ? 0 : stats.size,
    modifiedMs: stats.mtimeMs,
    owner: String(stats.uid),
    group: String(stats.gid),
    permission: (stats.mode & 0o777).toString(8),
    blockSize: 0,
    replication: 1,
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileError('read', path, cause);
  }
}

async function refused<T>(action: 'read' | 'write', path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fileError(action, path, cause);
  }
}
