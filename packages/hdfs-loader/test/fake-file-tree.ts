/** Files and directories in memory, with Hadoop's words for what is wrong. */
export class HadoopError extends Error {
  constructor(
    readonly status: number,
    readonly exception: string,
    message: string,
  ) {
    super(message);
  }

  get json(): string {
    const { exception, message } = this;
    return JSON.stringify({ RemoteException: { exception, javaClassName: `org.apache.hadoop.${exception}`, message } });
  }
}

export interface FakeFile {
  /** null: a directory. */
  bytes: Buffer | null;
  owner: string;
  blockSize: number;
  replication: number;
}

const byCode = (a: string, b: string): number => (a < b ? -1 : 1);

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

export class FakeFileTree {
  readonly #entries = new Map<string, FakeFile>();

  constructor(readonly blockSize: number) {
    this.mkdirs('/', 'hdfs');
  }

  find(path: string): FakeFile | undefined {
    return this.#entries.get(path);
  }

  get(path: string): FakeFile {
    const entry = this.#entries.get(path);
    if (!entry) throw new HadoopError(404, 'FileNotFoundException', `File does not exist: ${path}`);
    return entry;
  }

  file(path: string): FakeFile & { bytes: Buffer } {
    const entry = this.get(path);
    if (!entry.bytes) throw new HadoopError(404, 'FileNotFoundException', `Path is not a file: ${path}`);
    return entry as FakeFile & { bytes: Buffer };
  }

  /** Everything that lies in a directory, by name. */
  children(path: string): string[] {
    return [...this.#entries.keys()].filter((child) => child !== '/' && parentOf(child) === path).sort(byCode);
  }

  paths(): string[] {
    return [...this.#entries.keys()].filter((path) => path !== '/').sort(byCode);
  }

  mkdirs(path: string, owner: string): void {
    const there = this.#entries.get(path);
    if (there?.bytes) throw new HadoopError(403, 'FileAlreadyExistsException', `Path is not a directory: ${path}`);
    if (there) return;
    if (path !== '/') this.mkdirs(parentOf(path), owner);
    this.#entries.set(path, { bytes: null, owner, blockSize: 0, replication: 0 });
  }

  put(path: string, bytes: Uint8Array, o: { owner?: string; overwrite?: boolean; blockSize?: number } = {}): void {
    const { owner = 'weft', overwrite = true, blockSize = this.blockSize } = o;
    const there = this.#entries.get(path);
    if (there && !there.bytes)
      throw new HadoopError(403, 'FileAlreadyExistsException', `${path} already exists as a directory`);
    if (there && !overwrite)
      throw new HadoopError(403, 'FileAlreadyExistsException', `${path} for client 127.0.0.1 already exists`);
    this.mkdirs(parentOf(path), owner);
    this.#entries.set(path, { bytes: Buffer.from(bytes), owner, blockSize, replication: 2 });
  }

  remove(path: string, recursive: boolean): boolean {
    if (!this.#entries.has(path)) return false;
    const below = [...this.#entries.keys()].filter((other) => other.startsWith(`${path}/`));
    if (below.length > 0 && !recursive)
      throw new HadoopError(403, 'PathIsNotEmptyDirectoryException', `\`${path} is non empty': Directory is not empty`);
    for (const each of [path, ...below]) this.#entries.delete(each);
    return true;
  }

  /** As Hadoop does with rename options. */
  rename(from: string, to: string, overwrite: boolean): void {
    if (!this.#entries.has(from))
      throw new HadoopError(404, 'FileNotFoundException', `rename source ${from} is not found.`);
    const there = this.#entries.get(to);
    if (there && !overwrite)
      throw new HadoopError(403, 'FileAlreadyExistsException', `rename destination ${to} already exists`);
    if (there && !there.bytes && this.children(to).length > 0)
      throw new HadoopError(403, 'IOException', `rename destination directory is not empty: ${to}`);
    if (!this.#entries.has(parentOf(to)))
      throw new HadoopError(404, 'FileNotFoundException', `rename destination parent ${to} not found.`);
    this.#move(from, to);
  }

  /** As Hadoop does without them: into a directory that is there, and false for whatever is wrong. */
  renamePlain(from: string, to: string): boolean {
    const there = this.#entries.get(to);
    const target = there && !there.bytes ? `${to === '/' ? '' : to}${from.slice(from.lastIndexOf('/'))}` : to;
    if (!this.#entries.has(from) || this.#entries.has(target) || !this.#entries.has(parentOf(target))) return false;
    this.#move(from, target);
    return true;
  }

  #move(from: string, to: string): void {
    for (const [path, entry] of [...this.#entries]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#entries.delete(path);
      this.#entries.set(to + path.slice(from.length), entry);
    }
  }

  status(path: string, pathSuffix = ''): object {
    const { bytes, owner, blockSize, replication } = this.get(path);
    return {
      pathSuffix,
      type: bytes ? 'FILE' : 'DIRECTORY',
      length: bytes?.length ?? 0,
      modificationTime: 1_700_000_000_000,
      owner,
      group: 'supergroup',
      permission: bytes ? '644' : '755',
      blockSize,
      replication,
    };
  }
}
