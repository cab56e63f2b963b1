/** What a running Hadoop says of itself over HTTP. */
import { userInfo } from 'node:os';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { sendToDataNode } from '../storage/data-node-send.js';
import type { Layout } from './layout.js';

const TIMEOUT_MS = 10_000;

/** Asks one Hadoop. */
export interface Probe {
  /** Whether a file can be created: nothing less means that it can be worked with. A NameNode that stands by says no. */
  writable(nameNode: number): Promise<boolean>;
  /** A bean of /jmx; null where nobody answers, or there is none. */
  bean(at: Address, name: string): Promise<Readonly<Record<string, unknown>> | null>;
  /** As active, standby; null where nobody answers. */
  nameNodeState(nameNode: number): Promise<string | null>;
  /** Whether a DataNode is known to `nameNodes` NameNodes. */
  registered(dataNode: number, nameNodes: number): Promise<boolean>;
  close(): Promise<void>;
}

interface Address {
  readonly host: string;
  readonly httpPort: number;
}

/** The file that is created to see that one can be. */
const TRIAL = '/.weft-is-writable';

/**
 * @param ca PEM, of an HTTPS Hadoop
 * @example await openProbe(layout).writable(0)
 */
export function openProbe({ nameNodes, dataNodes, https }: Layout, ca?: string): Probe {
  const agent = new Agent({
    connect: ca === undefined ? {} : { ca },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  const root = ({ host, httpPort }: Address): string => `${https ? 'https' : 'http'}://${host}:${httpPort}`;

  const send = async (url: string): Promise<boolean> => {
    const body = Readable.from([new TextEncoder().encode('weft')]);
    const options = { method: 'PUT', body, bodyBytes: 4, idleMs: TIMEOUT_MS, signal: undefined } as const;
    try {
      await sendToDataNode(url, { ...options, ca: ca === undefined ? undefined : [ca] });
      return true;
    } catch {
      return false;
    }
  };

  const ask = async (url: string, method: 'GET' | 'PUT' | 'DELETE' = 'GET') => {
    try {
      const answer = await request(url, { method, dispatcher: agent });
      return { status: answer.statusCode, location: answer.headers['location'], text: await answer.body.text() };
    } catch {
      // Nobody is there yet, or no more.
      return null;
    }
  };

  const bean: Probe['bean'] = async (at, name) => {
    const answer = await ask(`${root(at)}/jmx?qry=${encodeURIComponent(name)}`);
    if (answer?.status !== 200) return null;
    const { beans = [] } = JSON.parse(answer.text) as { beans?: Record<string, unknown>[] };
    return beans[0] ?? null;
  };

  return {
    bean,
    async writable(i) {
      const nameNode = nameNodes[i];
      if (!nameNode) return false;
      // A whole name of its own, so that several may ask at once.
      const file = `${root(nameNode)}/webhdfs/v1${TRIAL}.${process.pid}`;
      const user = `user.name=${encodeURIComponent(userInfo().username)}`;
      const sent = await ask(`${file}?op=CREATE&overwrite=true&replication=1&${user}`, 'PUT');
      if (sent?.status !== 307 || typeof sent.location !== 'string') return false;
      if (!(await send(sent.location))) return false;
      return (await ask(`${file}?op=DELETE&${user}`, 'DELETE'))?.status === 200;
    },
    async nameNodeState(i) {
      const nameNode = nameNodes[i];
      const status = nameNode ? await bean(nameNode, 'Hadoop:service=NameNode,name=NameNodeStatus') : null;
      return typeof status?.['State'] === 'string' ? status['State'] : null;
    },
    async registered(i, count) {
      const dataNode = dataNodes[i];
      const info = dataNode ? await bean(dataNode, 'Hadoop:service=DataNode,name=DataNodeInfo') : null;
      const text = info?.['BPServiceActorInfo'];
      if (typeof text !== 'string') return false;
      const actors = JSON.parse(text) as { ActorState?: string; LastBlockReport?: string }[];
      return actors.filter((actor) => actor.ActorState === 'RUNNING').length >= count;
    },
    close: () => agent.close(),
  };
}
