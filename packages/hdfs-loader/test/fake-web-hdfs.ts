/** A WebHDFS in memory, whose NameNodes and DataNodes do wrong when they are told to. Its right answers are those of Hadoop 3.5.0. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Exchange, Fault } from './fake-faults.js';
import { FakeFileTree, HadoopError } from './fake-file-tree.js';

export interface FakeOptions {
  nameNodes?: number;
  dataNodes?: number;
  blockSize?: number;
  /** A gateway: it answers everything itself, and knows neither rename options nor block locations. */
  httpFs?: boolean;
  /** Refuses a request without this token. */
  delegation?: string;
  /** Entries in one answer to LISTSTATUS_BATCH. */
  batch?: number;
}

/** A request as it came. */
export interface Seen {
  readonly at: string;
  readonly op: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Match {
  op?: string;
  /** nn1, dn2; or 'nn', 'dn': any of them. */
  at?: string;
}

interface Rule {
  readonly match: Match;
  readonly fault: Fault;
  left: number;
}

const matches = ({ op, at }: Match, seen: Seen): boolean =>
  (op === undefined || op === seen.op) && (at === undefined || seen.at.startsWith(at));

export class FakeWebHdfs {
  readonly tree: FakeFileTree;
  readonly seen: Seen[] = [];
  readonly #o: Required<Omit<FakeOptions, 'delegation'>> & { delegation: string | undefined };
  readonly #servers = new Map<string, Server>();
  /** They stay when a server stops. */
  readonly #ports = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  readonly #dataSockets = new Set<Socket>();
  readonly #events = new EventEmitter();
  #rules: Rule[] = [];
  #turn = 0;
  #busy = 0;

  private constructor(o: FakeOptions) {
    this.#o = {
      nameNodes: 1,
      dataNodes: 2,
      blockSize: 1 << 20,
      httpFs: false,
      batch: 3,
      ...o,
      delegation: o.delegation,
    };
    this.tree = new FakeFileTree(this.#o.blockSize);
  }

  /** Starts it for one test. */
  static async start(o: FakeOptions = {}): Promise<FakeWebHdfs> {
    const fake = new FakeWebHdfs(o);
    const { nameNodes, dataNodes, httpFs } = fake.#o;
    const names = [
      ...Array.from({ length: nameNodes }, (_, i) => `nn${i + 1}`),
      ...Array.from({ length: httpFs ? 0 : dataNodes }, (_, i) => `dn${i + 1}`),
    ];
    for (const name of names) {
      const server = createServer((request, response) => void fake.#take(name, request, response));
      server.on('connection', (socket: Socket) => {
        fake.#sockets.add(socket);
        if (name.startsWith('dn')) fake.#dataSockets.add(socket);
        socket.on('error', () => {});
        socket.once('close', () => {
          fake.#sockets.delete(socket);
          fake.#dataSockets.delete(socket);
          if (fake.#dataSockets.size === 0) fake.#events.emit('quiet data');
          if (fake.#sockets.size === 0) fake.#events.emit('quiet');
        });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      fake.#servers.set(name, server);
      fake.#ports.set(name, (server.address() as AddressInfo).port);
    }
    onTestFinished(() => fake.close());
    return fake;
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** 127.0.0.1:PORT of a server. */
  address(name: string): string {
    return `127.0.0.1:${this.#ports.get(name)}`;
  }

  /** hdfs://127.0.0.1:PORT,…: the NameNodes. */
  get url(): string {
    const nameNodes = [...this.#servers.keys()].filter((name) => name.startsWith('nn'));
    return `hdfs://${nameNodes.map((name) => this.address(name)).join(',')}`;
  }

  /** Makes the next `times` requests that match go wrong; without times: all of them. */
  fault(match: Match, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ match, fault, left: times });
  }

  heal(): void {
    this.#rules = [];
  }

  /** Nobody listens at a server's address any more. */
  async stop(name: string): Promise<void> {
    const server = this.#servers.get(name)!;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** When the next such request comes. */
  async arrival(match: Match): Promise<Seen> {
    for (;;) {
      const [seen] = (await once(this.#events, 'request')) as [Seen];
      if (matches(match, seen)) return seen;
    }
  }

  /** When no connection is open. */
  async quiet(): Promise<void> {
    while (this.#sockets.size > 0) await once(this.#events, 'quiet');
  }

  /** When no connection to a DataNode is open. */
  async quietDataNodes(): Promise<void> {
    while (this.#dataSockets.size > 0) await once(this.#events, 'quiet data');
  }

  /** When every request that has come is answered, or given up; requests that come meanwhile are waited for too. */
  async served(): Promise<void> {
    // A turn for what the client has not sent yet.
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#busy > 0);
  }

  count(match: Match): number {
    return this.seen.filter((seen) => matches(match, seen)).length;
  }

  async #take(at: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://fake');
    const parameters = Object.fromEntries(url.searchParams);
    const op = (parameters['op'] ?? '').toUpperCase();
    const path = decodeURIComponent(url.pathname.slice('/webhdfs/v1'.length)) || '/';
    const seen: Seen = { at, op, method: request.method ?? '', path, parameters };
    this.seen.push(seen);
    // A DataNode closes after each request.
    if (at.startsWith('dn')) response.setHeader('connection', 'close');
    const exchange: Exchange = {
      request,
      response,
      serve: async () => this.#respond(seen, response, await this.#body(seen, request)),
      carryOut: async () => void this.#act(seen, await this.#body(seen, request)),
      content: () => this.#content(seen),
    };
    const rule = this.#rules.find(({ match, left }) => left > 0 && matches(match, seen));
    if (rule) rule.left -= 1;
    this.#events.emit('request', seen);
    this.#busy += 1;
    response.once('close', () => {
      this.#busy -= 1;
    });
    try {
      await (rule ? rule.fault(exchange) : exchange.serve());
    } catch (error) {
      // The client has gone.
      if (!response.headersSent && !response.destroyed) response.destroy(error as Error);
    }
  }

  async #body({ method }: Seen, request: IncomingMessage): Promise<Buffer> {
    const parts: Buffer[] = [];
    if (method === 'PUT' || method === 'POST') for await (const part of request) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }

  #respond(seen: Seen, response: ServerResponse, body: Buffer): void {
    try {
      if (this.#o.delegation !== undefined && seen.parameters['delegation'] !== this.#o.delegation)
        throw new HadoopError(401, 'SecurityException', 'Failed to obtain user group information: no token');
      const result = this.#act(seen, body);
      if (result === undefined) response.end();
      else if (typeof result === 'string') {
        response.writeHead(307, { location: result, 'content-length': 0 });
        response.end();
      } else if (Buffer.isBuffer(result)) {
        // HttpFS says no length.
        if (!this.#o.httpFs) response.setHeader('content-length', result.length);
        response.end(result);
      } else {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(result));
      }
    } catch (error) {
      if (!(error instanceof HadoopError)) throw error;
      response.writeHead(error.status, { 'content-type': 'application/json' });
      response.end(error.json);
    }
  }

  /** Bytes, the address to go on at, JSON, or nothing. */
  #act(seen: Seen, body: Buffer): Buffer | string | object | undefined {
    const { at, op, path, parameters } = seen;
    const tree = this.tree;
    const owner = parameters['user.name'] ?? 'token';
    const elsewhere = at.startsWith('nn') && !this.#o.httpFs;
    switch (op) {
      case 'GETFILESTATUS':
        return { FileStatus: tree.status(path) };
      case 'LISTSTATUS_BATCH':
        // As Hadoop 3.5.0: in lower case; HttpFS as it is documented.
        return this.#list(path, parameters[this.#o.httpFs ? 'startAfter' : 'startafter'] ?? '');
      case 'MKDIRS':
        tree.mkdirs(path, owner);
        return { boolean: true };
      case 'DELETE':
        return { boolean: tree.remove(path, parameters['recursive'] === 'true') };
      case 'RENAME': {
        const { destination = '', renameoptions } = parameters;
        if (renameoptions === undefined || this.#o.httpFs) return { boolean: tree.renamePlain(path, destination) };
        tree.rename(path, destination, renameoptions === 'OVERWRITE');
        return undefined;
      }
      case 'GETFILECHECKSUM':
        if (elsewhere) return this.#dataNodeUrl(seen);
        return { FileChecksum: this.#checksum(path) };
      case 'GETFILEBLOCKLOCATIONS':
        if (this.#o.httpFs) throw unknownOperation(op);
        return { BlockLocations: { BlockLocation: this.#blocks(path) } };
      case 'OPEN':
        tree.file(path);
        return elsewhere ? this.#dataNodeUrl(seen) : this.#content(seen);
      case 'CREATE':
        if (elsewhere) return this.#dataNodeUrl(seen);
        if (this.#o.httpFs && parameters['data'] !== 'true') return this.#toItself(seen);
        tree.put(path, body, { owner, overwrite: parameters['overwrite'] === 'true' });
        return undefined;
      case 'APPEND':
        tree.file(path);
        if (elsewhere) return this.#dataNodeUrl(seen);
        if (this.#o.httpFs && parameters['data'] !== 'true') return this.#toItself(seen);
        tree.put(path, Buffer.concat([tree.file(path).bytes, body]));
        return undefined;
      default:
        throw unknownOperation(op);
    }
  }

  #content({ path, parameters }: Seen): Buffer {
    const { bytes } = this.tree.file(path);
    const offset = Number(parameters['offset'] ?? 0);
    if (offset > bytes.length) throw new HadoopError(403, 'IOException', `Offset=${offset} out of the range`);
    return bytes.subarray(offset, offset + Number(parameters['length'] ?? bytes.length));
  }

  #list(path: string, startAfter: string): object {
    const names = this.tree.children(path).map((child) => child.slice(child.lastIndexOf('/') + 1));
    const rest = names.filter((name) => name > startAfter);
    const now = rest.slice(0, this.#o.batch);
    const join = (name: string): string => `${path === '/' ? '' : path}/${name}`;
    const isFile = this.tree.get(path).bytes !== null;
    const FileStatus = isFile ? [this.tree.status(path)] : now.map((name) => this.tree.status(join(name), name));
    const remainingEntries = isFile ? 0 : rest.length - now.length;
    return { DirectoryListing: { partialListing: { FileStatuses: { FileStatus } }, remainingEntries } };
  }

  #checksum(path: string): object {
    const digest = createHash('md5').update(this.tree.file(path).bytes).digest('hex');
    return { algorithm: 'MD5-of-0MD5-of-512CRC32C', bytes: `${digest}00000000`, length: 16 };
  }

  /** As host and transfer address: 127.0.0.1:1 is that of dn1. */
  #blocks(path: string): object[] {
    const { bytes, blockSize } = this.tree.file(path);
    const { dataNodes } = this.#o;
    return Array.from({ length: Math.ceil(bytes.length / blockSize) }, (_, i) => {
      const holders = Array.from({ length: Math.min(2, dataNodes) }, (_, k) => ((i + k) % dataNodes) + 1);
      return {
        offset: i * blockSize,
        length: Math.min(blockSize, bytes.length - i * blockSize),
        hosts: holders.map((n) => `dn${n}.example`),
        names: holders.map((n) => `127.0.0.1:${n}`),
      };
    });
  }

  /** One that is not excluded. */
  #dataNodeUrl({ path, parameters }: Seen): string {
    const excluded = (parameters['excludedatanodes'] ?? '').split(',');
    const left = Array.from({ length: this.#o.dataNodes }, (_, i) => i + 1).filter(
      (n) => !excluded.includes(`127.0.0.1:${n}`),
    );
    if (left.length === 0)
      throw new HadoopError(403, 'IOException', 'No active and not excluded nodes contain block blk_1');
    const n = left[this.#turn++ % left.length]!;
    return `http://${this.address(`dn${n}`)}/webhdfs/v1${encodeURI(path).replaceAll('#', '%23').replaceAll('?', '%3F')}?${new URLSearchParams(parameters)}`;
  }

  #toItself({ at, path, parameters }: Seen): string {
    const query = new URLSearchParams({ ...parameters, data: 'true' });
    return `http://${this.address(at)}/webhdfs/v1${encodeURI(path)}?${query}`;
  }
}

const unknownOperation = (op: string): HadoopError =>
  new HadoopError(400, 'IllegalArgumentException', `Invalid value for webhdfs parameter "op": ${op}`);
