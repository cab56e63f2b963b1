import { lookup } from 'node:dns/promises';
import { sendToDataNode } from './data-node-send.js';
import { locationOf, type NameNodes, type Parameters } from './name-nodes.js';
import { RemoteFailure } from './remote-failure.js';
import { type RetryPolicy, retrying } from './retry.js';
import type { WriteData } from './storage.js';
import { isRepeatable, piecesOf } from './write-data.js';

export interface HdfsWriterOptions {
  readonly nameNodes: NameNodes;
  readonly retry: RetryPolicy;
  /** Until a DataNode has taken in what it was sent, or says something. */
  readonly idleMs: number;
  /** Certificates (PEM) to trust. */
  readonly ca: readonly string[] | undefined;
  /** Bytes of a file, as the NameNode knows it. */
  readonly lengthOf: (path: string, signal: AbortSignal | undefined) => Promise<number>;
}

interface Sending {
  readonly op: 'CREATE' | 'APPEND';
  readonly method: 'PUT' | 'POST';
  readonly path: string;
  readonly shownAs: string;
  readonly parameters: Parameters;
  readonly data: WriteData;
  readonly signal: AbortSignal | undefined;
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

  /**
   * Makes a file; one that is there is replaced.
   *
   * @param o.shownAs the path that messages name
   * @returns bytes
   * @throws LoaderError
   */
  create(
    path: string,
    data: WriteData,
    o: { parameters: Parameters; shownAs: string; signal: AbortSignal | undefined },
  ): Promise<number> {
    const { shownAs, signal } = o;
    const parameters = { ...o.parameters, overwrite: true };
    return this.#send({ op: 'CREATE', method: 'PUT', path, shownAs, parameters, data, signal });
  }

  /** @returns bytes. @throws LoaderError */
  append(path: string, data: WriteData, o: { signal: AbortSignal | undefined }): Promise<number> {
    return this.#send({ op: 'APPEND', method: 'POST', path, shownAs: path, parameters: {}, data, signal: o.signal });
  }

  async #send(sending: Sending): Promise<number> {
    const { op, method, path, signal } = sending;
    const { nameNodes, retry, idleMs, ca, lengthOf } = this.#o;
    const where = nameNodes.where(op, sending.shownAs);
    const body = new CountedBody(sending.data);
    // Addresses of DataNodes that have failed: the NameNode may not know yet that they are dead.
    const excluded = new Set<string>();
    return retrying({ where, policy: retry, signal }, async ({ leftMs }) => {
      const location = await this.#locate(sending, { excluded, where, withinMs: leftMs });
      try {
        await sendToDataNode(location, { method, body: body.begin(), bodyBytes: body.bytes, idleMs, ca, signal });
        return body.sent;
      } catch (error) {
        if (!(error instanceof RemoteFailure) || error.remedy === 'none' || signal?.aborted) throw error;
        if (error.status === 0) await exclude(location, excluded);
        // Half of it may be in the file already: a second time would repeat it.
        if (op === 'APPEND' && error.ambiguous && body.sent > 0)
          throw error.toLoaderError(`${where}, after ${body.sent} bytes, which may or may not be in the file`);
        if (body.repeatable) throw error;
        // All of it, and only the answer was lost?
        if (op === 'CREATE' && body.ended && (await lengthOf(path, signal)) === body.sent) return body.sent;
        throw error.toLoaderError(`${where}, after ${body.sent} bytes of data that cannot be gone over again`);
      }
    });
  }

  /** Asks a NameNode for a DataNode. */
  async #locate(
    { op, method, path, parameters, signal }: Sending,
    o: { excluded: Set<string>; where: string; withinMs: number },
  ): Promise<string> {
    const { nameNodes } = this.#o;
    const { excluded, where, withinMs } = o;
    const excludedatanodes = excluded.size > 0 ? [...excluded].join(',') : undefined;
    const found = await nameNodes.call(where, { signal, withinMs }, async (address, { idleMs }) => {
      const url = nameNodes.url(address, { op, path, parameters: { ...parameters, excludedatanodes } });
      try {
        return locationOf((await nameNodes.send({ url, method, signal, idleMs })).headers);
      } catch (error) {
        if (excluded.size > 0 && error instanceof RemoteFailure && error.exception === 'IOException') return error;
        throw error;
      }
    });
    if (typeof found === 'string') return found;
    // None is left: those that have failed get another chance.
    excluded.clear();
    throw found;
  }
}

/** Adds a DataNode, which `excludedatanodes` knows by its address. */
async function exclude(location: string, excluded: Set<string>): Promise<void> {
  const { hostname } = new URL(location);
  try {
    excluded.add((await lookup(hostname.replace(/^\[(.*)\]$/, '$1'))).address);
  } catch {
    // A name that this machine does not know: the NameNode may choose another one.
  }
}

/** Data as a request's body, and how much of it went out. */
class CountedBody {
  readonly #data: WriteData;
  /** Known beforehand, where the data can be gone over again. */
  readonly bytes: number | undefined;
  sent = 0;
  /** Whether all of it went out. */
  ended = false;
  #begun = false;

  constructor(data: WriteData) {
    this.#data = data;
    if (isRepeatable(data)) this.bytes = [...piecesOf(data)].reduce((sum, piece) => sum + piece.length, 0);
  }

  get repeatable(): boolean {
    return this.bytes !== undefined || !this.#begun;
  }

  async *begin(): AsyncGenerator<Uint8Array> {
    this.sent = 0;
    this.ended = false;
    for await (const piece of piecesOf(this.#data)) {
      this.#begun = true;
      // In parts, so that a stalled DataNode is noticed, and memory of the socket stays bounded.
      for (let at = 0; at < piece.length; at += PART_BYTES) {
        const part = piece.subarray(at, at + PART_BYTES);
        yield part;
        this.sent += part.length;
      }
    }
    this.ended = true;
  }
}

const PART_BYTES = 1 << 20;
