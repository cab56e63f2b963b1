import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { planLayout } from '../../src/hadoop/layout.js';

const dir = '/data';

describe('planLayout', () => {
  it('gives everything a port and a folder of its own', async () => {
    const { nameNodes, dataNodes } = await planLayout({ dir, dataNodes: 3, highAvailability: true });
    expect(nameNodes.map(({ id, nameDir }) => [id, nameDir])).toEqual([
      ['nn1', '/data/name1'],
      ['nn2', '/data/name2'],
    ]);
    expect(dataNodes.map(({ id, dataDir }) => [id, dataDir])).toEqual([
      ['dn1', '/data/data1'],
      ['dn2', '/data/data2'],
      ['dn3', '/data/data3'],
    ]);
    const ports = [...nameNodes.flatMap((node) => [node.httpPort, node.rpcPort]), ...dataNodes.map((d) => d.httpPort)];
    expect(new Set(ports).size).toBe(7);
  });

  it.runIf(process.platform === 'linux')('gives DataNodes different addresses', async () => {
    const { dataNodes } = await planLayout({ dir, dataNodes: 2 });
    expect(dataNodes.map(({ host }) => host)).toEqual(['127.0.1.1', '127.0.1.2']);
  });

  it('takes hosts and ports that are given', async () => {
    const { dataNodes, nameNodes } = await planLayout({
      dir,
      dataNodeHosts: ['localhost', 'localhost'],
      host: 'localhost',
    });
    expect(dataNodes.map(({ host }) => host)).toEqual(['localhost', 'localhost']);
    const [{ httpPort } = { httpPort: 0 }] = nameNodes;
    const again = await planLayout({ dir, httpPort });
    expect(again.nameNodes[0]?.httpPort).toBe(httpPort);
  });

  it('names a port that is taken', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    await expect(planLayout({ dir, host: 'localhost', rpcPort: port })).rejects.toMatchObject({
      code: 'EXISTS',
      message: `port ${port} of localhost expected to be free, something listens there`,
    });
    server.close();
  });

  it.each([
    [{ dataNodes: 0 }, 'dataNodes: at least 1 expected, got 0'],
    [{ dataNodes: 1.5 }, 'dataNodes: at least 1 expected, got 1.5'],
    [{ dataNodes: 2, dataNodeHosts: ['a'] }, 'dataNodeHosts: 2 expected, got 1'],
  ])('refuses %o', async (options, message) => {
    await expect(planLayout({ dir, ...options })).rejects.toThrow(message);
  });
});
