import { type Dispatcher, request } from 'undici';
import type { z } from 'zod';
import { normalizedPath } from './location.js';
import { connectionFailure, failureOf, IPC_PORT, RemoteFailure } from './remote-failure.js';
import { type RetryPolicy, retrying, type Try } from './retry.js';
import type { CallOptions } from './storage.js';

export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** A NameNode's WebHDFS address: scheme, host and port. */
export interface NameNodeAddress {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

export interface NameNodesOptions {
  readonly addresses: readonly NameNodeAddress[];
  /** Sent with every request: `user.name`, or `delegation`. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly retry: RetryPolicy;
  /** Until the first byte of an answer, and between two. */
  readonly idleMs: number;
  readonly agent: Dispatcher;
}

/** The port of WebHDFS where none is given (dfs.namenode.http-address, dfs.namenode.https-address). */
export const DEFAULT_PORTS = { http: 9870, https: 9871 } as const;

/** What a request that is not a file's content may answer with at most. */
const MAX_ANSWER_BYTES = 64 << 20;

/**
 * The NameNodes of a file system, of which one is active. Requests go to the one that answered last; a standby, a dead one or a silent one is left for
 * the next. Every failure is tried again until the deadline where that can help.
 */
export class NameNodes {
  readonly #o: NameNodesOptions;
  readonly #addresses: NameNodeAddress[];
  #active = 0;
  /** Whether one has ever answered. */
  #met = false;
  /** Where WebHDFS is looked for elsewhere than the user said. */
  #hint = '';

  constructor(o: NameNodesOptions) {
    this.#o = o;
    this.#addresses = [...o.addresses];
  }

  /** `nn:9870`, several joined by commas. */
  get names(): string {
    return this.#addresses.map(peerOf).join(',');
  }

  /**
   * Tries something at the active NameNode, and at the others.
   *
   * @param options.withinMs what is left where this is a part of something with a deadline
   * @throws LoaderError
   */
  async call<T>(
    where: string,
    options: CallOptions & { readonly withinMs?: number },
    work: (address: NameNodeAddress, now: Try & { idleMs: number }) => Promise<T>,
  ): Promise<T> {
    const { idleMs } = this.#o;
    const { signal, withinMs = Number.POSITIVE_INFINITY } = options;
    const policy = { ...this.#o.retry, deadlineMs: Math.min(this.#o.retry.deadlineMs, withinMs) };
    let at = this.#active;
    // Since the last wait.
    let tried = 0;
    const moved = (): boolean => {
      // Another call may have found the active one meanwhile.
      if (this.#active === at) this.#active = (at + 1) % this.#addresses.length;
      tried = (tried + 1) % this.#addresses.length;
      return tried !== 0;
    };
    return retrying({ where: () => where + this.#hint, policy, signal, moved }, async (now) => {
      at = this.#active;
      try {
        const result = await work(this.#addresses[at]!, { ...now, idleMs: Math.min(idleMs, now.leftMs) });
        this.#met = true;
        return result;
      } catch (error) {
        if (error instanceof RemoteFailure && error.status !== 0) this.#met = true;
        // A name that nobody knows is a wrong one, unless it was known before: waiting helps a cluster's own name server only.
        if (!this.#met && this.#addresses.length === 1 && isUnknownName(error)) throw error.toLoaderError(where);
        if (!(error instanceof RemoteFailure) || error.exception !== IPC_PORT || !this.#toDefaultPort(at)) throw error;
        throw new RemoteFailure({ status: 0, exception: '', message: error.message, remedy: 'move' });
      }
    });
  }

  /** hdfs://nn:8020 is how Hadoop's own tools write it: WebHDFS is then looked for at its default port. */
  #toDefaultPort(index: number): boolean {
    const { protocol, host, port } = this.#addresses[index]!;
    const usual = DEFAULT_PORTS[protocol];
    if (port === usual) return false;
    this.#addresses[index] = { protocol, host, port: usual };
    this.#hint = ` (port ${port} speaks Hadoop's own protocol; expected that of WebHDFS, tried ${usual})`;
    return true;
  }

  /** An operation that asks something: the `field` of its answer, which must fit the schema. @throws LoaderError */
  async ask<T>(
    o: { op: string; path: string; field: string; schema: z.ZodType<T>; parameters?: Parameters } & CallOptions,
  ): Promise<T> {
    const { op, path, field, schema, parameters = {}, signal } = o;
    const method = 'GET';
    return this.call(this.where(op, path), { signal }, async (address, { idleMs }) => {
      const answer = await this.send({ url: this.url(address, { op, path, parameters }), method, signal, idleMs });
      if (answer.status === 307) {
        const url = locationOf(answer.headers);
        try {
          return (await this.send({ url, method, signal, idleMs })).field(field, schema);
        } catch (error) {
          // The NameNode has answered: another one would send us to the same DataNodes.
          throw error instanceof RemoteFailure && error.remedy === 'move' ? error.withRemedy('wait') : error;
        }
      }
      return answer.field(field, schema);
    });
  }

  /** `OPEN hdfs://nn:9870/a b`, for messages. */
  where(op: string, path: string): string {
    return `${op} hdfs://${this.names}${path}`;
  }

  /** The URL of an operation at one NameNode, with the credentials. */
  url(address: NameNodeAddress, o: { op: string; path: string; parameters?: Parameters }): string {
    const query = new URLSearchParams({ op: o.op, ...this.#o.credentials });
    for (const [name, value] of Object.entries(o.parameters ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    // Hadoop decodes + as a plus sign in some versions: %20 is a space in all.
    return `${address.protocol}://${peerOf(address)}/webhdfs/v1${encodePath(o.path)}?${query.toString().replaceAll('+', '%20')}`;
  }

  /**
   * Sends one request, once. A redirect is not followed.
   *
   * @throws RemoteFailure for what is neither 2xx nor 307, and where no whole answer comes
   */
  async send(o: {
    url: string;
    method: 'GET' | 'PUT' | 'POST';
    signal: AbortSignal | undefined;
    idleMs: number;
  }): Promise<Answer> {
    const { url, method, signal, idleMs } = o;
    const peer = new URL(url).host;
    let response: Dispatcher.ResponseData;
    let text: string;
    try {
      response = await request(url, {
        method,
        dispatcher: this.#o.agent,
        headersTimeout: idleMs,
        bodyTimeout: idleMs,
        ...(signal ? { signal } : {}),
      });
      text = await bodyText(response, peer);
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause instanceof RemoteFailure ? cause : connectionFailure(peer, cause);
    }
    const { statusCode: status, headers } = response;
    if ((status < 200 || status > 299) && status !== 307) throw failureOf(status, text, peer);
    return { status, headers, text, field: (name, schema) => fieldOf(text, { name, schema, peer }) };
  }
}

function isUnknownName(error: unknown): error is RemoteFailure {
  return error instanceof RemoteFailure && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOTFOUND';
}

export interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly text: string;
  /** What stands under a name in the JSON. @throws RemoteFailure where that does not fit the schema */
  field<T>(name: string, schema: z.ZodType<T>): T;
}

async function bodyText(response: Dispatcher.ResponseData, peer: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response.body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) {
      const message = `${peer}: expected an answer of at most ${MAX_ANSWER_BYTES} bytes`;
      throw new RemoteFailure({ status: response.statusCode, exception: '', message, remedy: 'none' });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function fieldOf<T>(text: string, o: { name: string; schema: z.ZodType<T>; peer: string }): T {
  const { name, schema, peer } = o;
  let value: unknown;
  try {
    value = (JSON.parse(text) as Record<string, unknown> | null)?.[name];
  } catch {}
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message: wrong } = result.error.issues[0]!;
  const at = value === undefined || value === null ? '' : ` (${[name, ...path].join('.')}: ${wrong})`;
  const message = `${peer}: expected JSON with ${name}${at}, got ${JSON.stringify(text.slice(0, 80))}`;
  throw new RemoteFailure({ status: 200, exception: '', message, remedy: 'none' });
}

/** Where a 307 leads. @throws RemoteFailure */
export function locationOf(headers: Dispatcher.ResponseData['headers']): string {
  const { location } = headers;
  if (typeof location === 'string' && /^https?:\/\//i.test(location) && URL.canParse(location)) return location;
  const message = `expected a redirect to a DataNode, got location ${JSON.stringify(location)}`;
  throw new RemoteFailure({ status: 307, exception: '', message, remedy: 'none' });
}

/** host:port, an IPv6 address in brackets. */
export function peerOf({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Every character of a path but `/` stands for itself. @throws LoaderError INVALID_ARGUMENT */
export function encodePath(path: string): string {
  return normalizedPath(path).split('/').map(encodeURIComponent).join('/');
}
