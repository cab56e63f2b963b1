import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { planLayout } from '../../src/hadoop/layout.js';
import { openProbe, type Probe } from '../../src/hadoop/probe.js';

/** Asks a server that is NameNode and DataNode in one. */
async function probeOf(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Probe> {
  const server = createServer((request, response) => request.resume().once('end', () => answer(request, response)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const layout = await planLayout({ dir: '/data' });
  const at = { host: '127.0.0.1', httpPort: port };
  const probe = openProbe({
    ...layout,
    nameNodes: layout.nameNodes.map((node) => ({ ...node, ...at })),
    dataNodes: layout.dataNodes.map((node) => ({ ...node, ...at })),
  });
  onTestFinished(async () => {
    await probe.close();
    server.closeAllConnections();
    server.close();
  });
  return probe;
}

const bean = (properties: Record<string, unknown>) => JSON.stringify({ beans: [properties] });

describe('writable', () => {
  it.each([
    ['all goes well', 201, 200, true],
    ['the DataNode refuses', 403, 200, false],
    ['the file cannot be deleted', 201, 403, false],
  ])('when %s', async (_, created, deleted, expected) => {
    const probe = await probeOf((request, response) => {
      const { method, url = '', headers } = request;
      if (method === 'DELETE') response.writeHead(deleted).end('{"boolean":true}');
      else if (url.startsWith('/data')) response.writeHead(created).end();
      else response.writeHead(307, { location: `http://${headers.host}/data` }).end();
    });
    expect(await probe.writable(0)).toBe(expected);
  });

  it('is not so while a NameNode starts, or nobody is there', async () => {
    const starting = await probeOf((_, response) => response.writeHead(403).end('{"RemoteException":{}}'));
    expect(await starting.writable(0)).toBe(false);
    expect(await starting.writable(1)).toBe(false);
    const gone = await probeOf((request) => request.socket.destroy());
    expect(await gone.writable(0)).toBe(false);
  });
});

describe('the beans', () => {
  it('tell the state of a NameNode', async () => {
    const probe = await probeOf((_, response) => response.end(bean({ State: 'standby' })));
    expect(await probe.nameNodeState(0)).toBe('standby');
    const none = await probeOf((_, response) => response.end('{"beans":[]}'));
    expect(await none.nameNodeState(0)).toBeNull();
  });

  it('tell how many NameNodes know a DataNode', async () => {
    const actors = JSON.stringify([{ ActorState: 'RUNNING' }, { ActorState: 'CONNECTING' }]);
    const probe = await probeOf((_, response) => response.end(bean({ BPServiceActorInfo: actors })));
    expect([await probe.registered(0, 1), await probe.registered(0, 2)]).toEqual([true, false]);
    const none = await probeOf((_, response) => response.end(bean({})));
    expect(await none.registered(0, 1)).toBe(false);
  });
});
