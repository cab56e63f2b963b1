import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type SendOptions, sendToDataNode } from '../../src/storage/data-node-send.js';

async function server(listener: RequestListener): Promise<{ url: string; open: () => number }> {
  const http = createServer(listener);
  let open = 0;
  http.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => {
      open -= 1;
    });
    socket.on('error', () => {});
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    http.close();
    http.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/x`, open: () => open };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(1 << 16);
}

const options = (o: Partial<SendOptions> & Pick<SendOptions, 'body'>): SendOptions => ({
  method: 'PUT',
  bodyBytes: undefined,
  idleMs: 5_000,
  ca: undefined,
  signal: undefined,
  ...o,
});

describe('sendToDataNode', () => {
  it('sends a body of known length, or in chunks', async () => {
    const seen: [string | undefined, string | undefined, string][] = [];
    const { url } = await server(async (request, response) => {
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
      seen.push([length, coding, (await bodyOf(request)).toString()]);
      response.writeHead(201).end();
    });
    await sendToDataNode(url, options({ body: pieces(Buffer.from('ab'), Buffer.from('c')), bodyBytes: 3 }));
    await sendToDataNode(url, options({ body: pieces(Buffer.from('ab'), Buffer.from('c')), method: 'POST' }));
    await sendToDataNode(url, options({ body: pieces(), bodyBytes: 0 }));
    expect(seen).toEqual([
      ['3', undefined, 'abc'],
      [undefined, 'chunked', 'abc'],
      ['0', undefined, ''],
    ]);
  });

  it('goes on after 100 Continue, which nobody asked for', async () => {
    const { url } = await server(async (request, response) => {
      response.writeContinue();
      await bodyOf(request);
      response.writeHead(201).end();
    });
    await sendToDataNode(url, options({ body: pieces(Buffer.from('abc')), bodyBytes: 3 }));
  });

  it('tells of a refusal that comes before the body was taken in', async () => {
    const words = { RemoteException: { exception: 'FileAlreadyExistsException', message: '/x already exists' } };
    const { url } = await server((_, response) => {
      response.writeHead(403, { connection: 'close' }).end(JSON.stringify(words));
    });
    await expect(sendToDataNode(url, options({ body: endless() }))).rejects.toMatchObject({
      status: 403,
      exception: 'FileAlreadyExistsException',
      ambiguous: false,
    });
  });

  it('takes in no more of an error than it can use', async () => {
    const { url } = await server(async (request, response) => {
      await bodyOf(request);
      response.writeHead(500).end('x'.repeat(4 << 20));
    });
    await expect(sendToDataNode(url, options({ body: pieces() }))).rejects.toMatchObject({ status: 500 });
  });

  it.each([
    ['a reset', (request: IncomingMessage) => request.socket.resetAndDestroy()],
    ['an end', (request: IncomingMessage) => request.socket.destroy()],
  ])('does not know what was done after %s', async (_, fault) => {
    const { url } = await server((request) => {
      request.once('data', () => fault(request));
    });
    await expect(sendToDataNode(url, options({ body: endless() }))).rejects.toMatchObject({
      status: 0,
      remedy: 'move',
      ambiguous: true,
    });
  });

  it('takes nothing out of the body where nobody listens', async () => {
    const tcp = createTcpServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    tcp.close();
    await once(tcp, 'close');
    let begun = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      begun = true;
      yield new Uint8Array(1);
    }
    await expect(sendToDataNode(`http://127.0.0.1:${port}/x`, options({ body: body() }))).rejects.toMatchObject({
      remedy: 'move',
      ambiguous: false,
    });
    expect(begun).toBe(false);
  });

  it('leaves a DataNode that says nothing', async () => {
    const { url, open } = await server(() => {});
    await expect(sendToDataNode(url, options({ body: pieces(), idleMs: 20 }))).rejects.toMatchObject({
      exception: 'timeout',
      message: expect.stringMatching(/silent for 20 ms$/) as string,
    });
    await expect.poll(open).toBe(0);
  });

  it('passes the body’s own error on, and ends the request', async () => {
    const { url, open } = await server(() => {});
    async function* body(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error('source broke');
    }
    await expect(sendToDataNode(url, options({ body: body() }))).rejects.toThrow('source broke');
    await expect.poll(open).toBe(0);
  });

  it('ends with the signal: while it sends, while the body makes its next piece, and before', async () => {
    const { url, open } = await server((request) => {
      request.resume();
    });
    const stop = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      stop.abort(new Error('enough'));
      await new Promise(() => {});
    }
    const sent = sendToDataNode(url, options({ body: stuck(), signal: stop.signal }));
    await expect(sent).rejects.toThrow('enough');
    await expect(sendToDataNode(url, options({ body: endless(), signal: stop.signal }))).rejects.toThrow('enough');
    await expect.poll(open).toBe(0);
  });
});
