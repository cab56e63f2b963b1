/**
 * Sends content to a DataNode, by Node's own HTTP client: a DataNode says `100 Continue` without having been asked, which undici 7 takes for the end.
 */
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { connectionFailure, failureOf } from './remote-failure.js';

export interface SendOptions {
  readonly method: 'PUT' | 'POST';
  readonly body: AsyncIterable<Uint8Array>;
  /** Length of the body; undefined: it is sent in chunks. */
  readonly bodyBytes: number | undefined;
  /** How long the DataNode may neither take in nor say anything. */
  readonly idleMs: number;
  /** Certificates (PEM) to trust. */
  readonly ca: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An error of Hadoop is short. */
const MAX_ANSWER_BYTES = 64 << 10;

/**
 * Sends a body, and takes in the answer. Nothing is taken out of the body before there is a connection.
 *
 * @throws RemoteFailure for an answer that is no 2xx, or none; the body's own error; the signal's reason
 */
export async function sendToDataNode(url: string, o: SendOptions): Promise<void> {
  const { method, body, bodyBytes, idleMs, ca, signal } = o;
  const { protocol, host } = new URL(url);
  const length = bodyBytes === undefined ? {} : { 'content-length': bodyBytes };
  const options = {
    method,
    headers: { 'content-type': 'application/octet-stream', ...length },
    // A DataNode closes after each request.
    agent: false as const,
    ...(signal ? { signal } : {}),
  };
  const request: ClientRequest =
    protocol === 'https:'
      ? httpsRequest(url, { ...options, ...(ca ? { ca: [...ca] } : {}) })
      : httpRequest(url, options);
  let bodyError: unknown;
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
    request.setTimeout(idleMs, () => {
      const connecting = request.socket?.connecting !== false;
      const message = connecting ? `no connection within ${idleMs} ms` : `silent for ${idleMs} ms`;
      const syscall = connecting ? { syscall: 'connect' } : {};
      request.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT', ...syscall }));
    });
  });
  let status: number;
  let words: string;
  try {
    await Promise.race([connected(request, protocol === 'https:' ? 'secureConnect' : 'connect'), answered]);
    pipeline(Readable.from(watched(body, (error) => (bodyError = error))), request, (error) => {
      if (error) request.destroy(error);
    });
    const response = await answered;
    status = response.statusCode ?? 0;
    words = await beginningOf(response);
  } catch (cause) {
    signal?.throwIfAborted();
    if (bodyError !== undefined) throw bodyError;
    throw connectionFailure(host, cause);
  } finally {
    // An error may be said before the body was taken in.
    request.destroy();
  }
  if (bodyError !== undefined) throw bodyError;
  if (status < 200 || status > 299) throw failureOf(status, words, host);
}

async function connected(request: ClientRequest, event: 'connect' | 'secureConnect'): Promise<void> {
  request.flushHeaders();
  const [socket] = (await once(request, 'socket')) as [Socket];
  if (socket.connecting || event === 'secureConnect') await once(socket, event);
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The body's own failure must not pass for the network's. */
async function* watched(
  body: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    onError(error);
    throw error;
  }
}
