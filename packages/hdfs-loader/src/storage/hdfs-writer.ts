import { sendToDataNode } from './data-node-send.js';
import { locationOf, type NameNodes, type Parameters } from './name-nodes.js';
import { RemoteFailure } from './remote-failure.js';
import { type RetryPolicy, retrying } from './retry.js';
import type { WriteData } from './storage.js';
import { piecesOf } from './write-data.js';

export interface HdfsWriterOptions {
  readonly nameNodes: NameNodes;
  readonly retry: RetryPolicy;
  /** Until a DataNode has taken in what it was sent, or says something. */
  readonly idleMs: number;
  /** Certificates (PEM) to trust. */
  readonly ca: readonly string[] | undefined;
}

/**
 * Sends content to DataNodes: a NameNode says to which, that one passes it on along its pipeline. Data that can be gone over again (one view, or an array of
 * them) is sent once more when a DataNode fails; of other data nothing is kept, so that a failure after its first piece is the end.
 */
export class HdfsWriter {
  readonly #o: HdfsWriterOptions;

  constructor(o: HdfsWriterOptions) {
    this.#o = o;
  }

  /** Makes a file; one that is there is replaced. @returns bytes. @throws LoaderError */
  create(
    path: string,
    data: WriteData,
    o: { parameters: Parameters; signal: AbortSignal | undefined },
  ): Promise<number> {
    const parameters = { ...o.parameters, overwrite: true };
    return this.#send({ op: 'CREATE', method: 'PUT', path, parameters, data, signal: o.signal });
  }

  /** @returns bytes. @throws LoaderError */
  append(path: string, data: WriteData, o: { signal: AbortSignal | undefined }): Promise<number> {
    return this.#send({ op: 'APPEND', method: 'POST', path, parameters: {}, data, signal: o.signal });
  }

  async #send(o: {
    op: 'CREATE' | 'APPEND';
    method: 'PUT' | 'POST';
    path: string;
    parameters: Parameters;
    data: WriteData;
    signal: AbortSignal | undefined;
  }): Promise<number> {
    const { op, method, path, parameters, signal } = o;
    const { nameNodes, retry, idleMs, ca } = this.#o;
    const where = nameNodes.where(op, path);
    const body = new CountedBody(o.data);
    return retrying({ where, policy: retry, signal }, async () => {
      const location = await nameNodes.call(where, { signal }, async (address, now) => {
        const answer = await nameNodes.send({
          url: nameNodes.url(address, { op, path, parameters }),
          method,
          signal,
          idleMs: now.idleMs,
        });
        return locationOf(answer.headers);
      });
      try {
        await sendToDataNode(location, { method, body: body.begin(), bodyBytes: body.bytes, idleMs, ca, signal });
        return body.sent;
      } catch (error) {
        if (!(error instanceof RemoteFailure) || error.remedy === 'none' || signal?.aborted) throw error;
        // Half of it may be in the file already: a second time would repeat it.
        if (op === 'APPEND' && error.status === 0 && body.sent > 0)
          throw error.toLoaderError(`${where}: after ${body.sent} bytes were sent`);
        if (!body.repeatable)
          throw error.toLoaderError(`${where}: after ${body.sent} bytes, of data that cannot be gone over again`);
        throw error;
      }
    });
  }
}

/** Data as a request's body, and how much of it went out. */
class CountedBody {
  readonly #data: WriteData;
  /** Known beforehand, where the data can be gone over again. */
  readonly bytes: number | undefined;
  sent = 0;
  #begun = false;

  constructor(data: WriteData) {
    this.#data = data;
    if (data instanceof Uint8Array) this.bytes = data.length;
    else if (Array.isArray(data)) this.bytes = (data as Uint8Array[]).reduce((sum, piece) => sum + piece.length, 0);
  }

  get repeatable(): boolean {
    return this.bytes !== undefined || !this.#begun;
  }

  async *begin(): AsyncGenerator<Uint8Array> {
    this.sent = 0;
    for await (const piece of piecesOf(this.#data)) {
      this.#begun = true;
      // In parts, so that a stalled DataNode is noticed, and memory of the socket stays bounded.
      for (let at = 0; at < piece.length; at += PART_BYTES) {
        const part = piece.subarray(at, at + PART_BYTES);
        yield part;
        this.sent += part.length;
      }
    }
  }
}

const PART_BYTES = 1 << 20;
