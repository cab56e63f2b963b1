/** The plain operations of WebHDFS, by the npm package webhdfs. */
import type { EventEmitter } from 'node:events';
import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { encodePath, type NameNodeAddress, peerOf } from './name-nodes.js';
import { connectionFailure, failureOf, RemoteFailure } from './remote-failure.js';
import { REMOTE_STATUS, type RemoteStatus } from './remote-status.js';

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

/** None of these answers is long. */
const MAX_ANSWER_BYTES = 1 << 20;

type Client = ReturnType<typeof import('webhdfs')['default']['createClient']>;
type Started = EventEmitter & { abort(): void };

/**
 * Operations at one NameNode. The package's own callbacks are not used: they lose Hadoop's exception class, take a 503 for a success, and throw where a
 * body is missing. Every status but 2xx is a RemoteFailure here.
 */
export class PlainOperations {
  readonly #newClient: () => Promise<Client>;
  #client: Promise<Client> | undefined;
  readonly #peer: string;
  readonly #agent: HttpAgent;

  constructor(address: NameNodeAddress, o: PlainOptions) {
    const { protocol, host, port } = address;
    this.#peer = peerOf(address);
    this.#agent = new (protocol === 'https' ? HttpsAgent : HttpAgent)({ keepAlive: true });
    const { user, query, ca } = o;
    const agent = this.#agent;
    // The package is loaded with the first call: it takes a sixth of a second, which no process that reads files only should pay.
    this.#newClient = async () => {
      const { default: webhdfs } = await import('webhdfs');
      return webhdfs.createClient(
        { protocol, host, port, user, path: '/webhdfs/v1' },
        // No proxy of the environment: what goes to DataNodes knows none either.
        { agent, proxy: null, followRedirect: false, qs: query, ...(ca ? { ca } : {}) },
      );
    };
  }

  /** Lets go of connections. */
  close(): void {
    this.#agent.destroy();
  }

  async stat(path: string, call: PlainCall): Promise<RemoteStatus> {
    const body = await this.#send(call, (client) => client.stat(encodePath(path), () => {}));
    const { FileStatus } = (body ?? {}) as { FileStatus?: unknown };
    const result = REMOTE_STATUS.safeParse(FileStatus);
    if (!result.success) throw this.#unexpected('a FileStatus', body);
    return result.data;
  }

  async mkdirs(path: string, call: PlainCall): Promise<void> {
    const made = await this.#boolean(call, (client) => client.mkdir(encodePath(path), '755', () => {}));
    if (!made) throw this.#unexpected('a directory to be made', false);
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
    const got = body === undefined ? 'nothing' : JSON.stringify(body).slice(0, 80);
    const message = `${this.#peer}: expected ${what}, got ${got}`;
    return new RemoteFailure({ status: 200, exception: '', message, remedy: 'none' });
  }

  async #send({ idleMs, signal }: PlainCall, start: (client: Client) => Started): Promise<unknown> {
    this.#client ??= this.#newClient();
    const client = await this.#client;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const request = start(client);
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
      const failed = (cause: unknown): void => settle(() => reject(connectionFailure(this.#peer, cause)));
      request.on('error', failed);
      let bytes = 0;
      request.on('data', (chunk: Buffer | string) => {
        bytes += chunk.length;
        if (bytes <= MAX_ANSWER_BYTES) return;
        request.abort();
        settle(() => reject(this.#unexpected(`an answer of at most ${MAX_ANSWER_BYTES} bytes`, bytes)));
      });
      request.on('complete', ({ statusCode = 0, complete }: IncomingMessage, body: unknown) => {
        if (!complete) failed(new Error('the answer ended early'));
        else if (statusCode >= 200 && statusCode < 300) settle(() => resolve(body));
        else settle(() => reject(failureOf(statusCode, body, this.#peer)));
      });
    });
  }
}
