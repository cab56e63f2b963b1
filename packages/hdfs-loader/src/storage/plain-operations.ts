/** The plain operations of WebHDFS, by the npm package webhdfs. */
import type { EventEmitter } from 'node:events';
import webhdfs from 'webhdfs';
import { encodePath, type NameNodeAddress } from './name-nodes.js';
import { connectionFailure, failureOf, RemoteFailure } from './remote-failure.js';

/** What the operations of one NameNode need to know. */
export interface PlainOptions {
  readonly user: string;
  /** Sent besides: `delegation`. */
  readonly query: Readonly<Record<string, string>>;
  /** Certificates (PEM) to trust. */
  readonly ca: readonly string[] | undefined;
}

/** How one call is made. */
export interface PlainCall {
  readonly idleMs: number;
  readonly signal: AbortSignal | undefined;
}

type Client = ReturnType<typeof webhdfs.createClient>;
type Started = EventEmitter & { abort(): void };

/** Hadoop's words for a file or directory. */
export interface RemoteStatus {
  readonly pathSuffix: string;
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK';
  readonly length: number;
  readonly modificationTime: number;
  readonly owner: string;
  readonly group: string;
  readonly permission: string;
  readonly blockSize: number;
  readonly replication: number;
}

/**
 * Operations at one NameNode. The package's own callbacks are not used: they lose Hadoop's exception class, take a 503 for a success, and throw where a
 * body is missing. Every status but 2xx is a RemoteFailure here.
 */
export class PlainOperations {
  readonly #client: Client;
  readonly #peer: string;

  constructor(address: NameNodeAddress, o: PlainOptions) {
    const { protocol, host, port } = address;
    this.#peer = `${host}:${port}`;
    this.#client = webhdfs.createClient(
      { protocol, host, port, user: o.user, path: '/webhdfs/v1' },
      { forever: true, followRedirect: false, qs: o.query, ...(o.ca ? { ca: o.ca } : {}) },
    );
  }

  async stat(path: string, call: PlainCall): Promise<RemoteStatus> {
    const body = await this.#send(call, (client) => client.stat(encodePath(path), () => {}));
    const { FileStatus } = body as { FileStatus?: RemoteStatus };
    if (!FileStatus) throw this.#unexpected('a FileStatus', body);
    return FileStatus;
  }

  async mkdirs(path: string, call: PlainCall): Promise<void> {
    const made = await this.#boolean(call, (client) => client.mkdir(encodePath(path), '755', () => {}));
    if (!made) throw this.#unexpected('a directory to be made', false);
  }

  /** @returns false when the source is missing, or the target cannot be */
  rename(from: string, to: string, call: PlainCall): Promise<boolean> {
    return this.#boolean(call, (client) => client.rename(encodePath(from), to, () => {}));
  }

  /** @returns whether something was there */
  delete(path: string, recursive: boolean, call: PlainCall): Promise<boolean> {
    return this.#boolean(call, (client) => client.unlink(encodePath(path), recursive, () => {}));
  }

  async #boolean(call: PlainCall, start: (client: Client) => Started): Promise<boolean> {
    const body = await this.#send(call, start);
    const { boolean } = (body ?? {}) as { boolean?: unknown };
    if (typeof boolean !== 'boolean') throw this.#unexpected('true or false', body);
    return boolean;
  }

  #unexpected(what: string, body: unknown): RemoteFailure {
    const message = `${this.#peer}: expected ${what}, got ${JSON.stringify(body)?.slice(0, 80)}`;
    return new RemoteFailure({ status: 200, exception: '', message, remedy: 'none' });
  }

  #send({ idleMs, signal }: PlainCall, start: (client: Client) => Started): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = start(this.#client);
      request.removeAllListeners('complete').removeAllListeners('error');
      const onAbort = (): void => {
        request.abort();
        settle(() => reject(signal?.reason as Error));
      };
      const timer = setTimeout(() => {
        request.abort();
        const cause = Object.assign(new Error(`no answer within ${idleMs} ms`), { code: 'ETIMEDOUT' });
        settle(() => reject(connectionFailure(this.#peer, cause)));
      }, idleMs);
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        end();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      request.on('error', (cause: unknown) => settle(() => reject(connectionFailure(this.#peer, cause))));
      request.on('complete', ({ statusCode }: { statusCode: number }, body: unknown) =>
        settle(() => (statusCode >= 200 && statusCode < 300 ? resolve(body) : reject(failureOf(statusCode, body)))),
      );
    });
  }
}
