import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hadoop } from '../../src/hadoop/hadoop.js';
import { openStorage } from '../../src/storage/open-storage.js';
import { hadoopOrSkip, START_MS } from '../hadoop-fixture.js';

const start = await hadoopOrSkip();
const content = new TextEncoder().encode('weft');

/** GET by Node's own client: fetch takes no certificate. */
function get(url: string, ca: string | undefined): Promise<{ status: number; location: string; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false }, (response) => {
      buffer(response).then(
        (body) =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location ?? '',
            body: body.toString(),
          }),
        reject,
      );
    })
      .once('error', reject)
      .end();
  });
}

describe.skipIf(!start)('two NameNodes, over HTTPS', { timeout: START_MS }, () => {
  let hadoop: Hadoop;

  beforeAll(async () => {
    hadoop = await start!({ dataNodes: 1, replication: 1, highAvailability: true, https: true });
  }, START_MS);
  afterAll(() => hadoop?.close());

  const nameNodeState = async (i: number): Promise<unknown> => {
    const { host, httpPort } = hadoop.nameNodes[i]!;
    const bean = 'Hadoop:service=NameNode,name=NameNodeStatus';
    const { body } = await get(`https://${host}:${httpPort}/jmx?qry=${bean}`, hadoop.ca);
    return (JSON.parse(body) as { beans: { State: string }[] }).beans[0]?.State;
  };

  it('is one active and one that stands by', async () => {
    expect(await nameNodeState(0)).toBe('active');
    expect(await nameNodeState(1)).toBe('standby');
    const [one, two] = hadoop.nameNodes;
    expect(hadoop.url).toBe(`swebhdfs://127.0.0.1:${one?.httpPort},127.0.0.1:${two?.httpPort}`);
  });

  it('is reached with its certificate, and not without', async () => {
    const { storage } = openStorage(hadoop.url, { ca: hadoop.ca });
    await storage.write('/secret', content);
    await storage.close();
    const { host, httpPort } = hadoop.nameNodes[0]!;
    const url = `https://${host}:${httpPort}/webhdfs/v1/secret?op=OPEN`;
    const sent = await get(url, hadoop.ca);
    expect(sent.location).toMatch(/^https:/);
    expect(await get(sent.location, hadoop.ca)).toMatchObject({ status: 200, body: 'weft' });
    await expect(get(url, undefined)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it('goes on with the other one when the active is dead', async () => {
    await hadoop.nameNodes[0]?.kill('SIGKILL');
    await hadoop.failover();
    expect(await nameNodeState(1)).toBe('active');
    await hadoop.ready();
    const { host, httpPort } = hadoop.nameNodes[1]!;
    const sent = await get(`https://${host}:${httpPort}/webhdfs/v1/secret?op=OPEN`, hadoop.ca);
    expect(await get(sent.location, hadoop.ca)).toMatchObject({ status: 200, body: 'weft' });
  });

  it('takes the dead one back, which then stands by', async () => {
    await hadoop.nameNodes[0]?.start();
    expect(await nameNodeState(0)).toBe('standby');
  });
});
