/** What a Hadoop is made of, decided before anything is started: folders, hosts and ports. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { LoaderError } from '../errors.js';

export interface LayoutOptions {
  /** Folder for data, configuration and logs. */
  readonly dir: string;
  /** Default 1. */
  readonly dataNodes?: number;
  /** Host of each DataNode, as block locations name it. Default: 127.0.1.1, 127.0.1.2 … on Linux, else 127.0.0.1 for all. */
  readonly dataNodeHosts?: readonly string[] | undefined;
  /** Where the NameNodes listen. Default 127.0.0.1. */
  readonly host?: string;
  /** Of the (first) NameNode: HTTP is WebHDFS, RPC is Hadoop's own. Default 0: a free one. */
  readonly httpPort?: number;
  readonly rpcPort?: number;
  /** A second NameNode that stands by. Default false. */
  readonly highAvailability?: boolean;
  /** HTTPS instead of HTTP, everywhere. Default false. */
  readonly https?: boolean;
}

export interface NameNodeLayout {
  readonly id: string;
  readonly host: string;
  readonly httpPort: number;
  readonly rpcPort: number;
  readonly nameDir: string;
}

interface DataNodeLayout {
  readonly id: string;
  readonly host: string;
  readonly httpPort: number;
  readonly dataDir: string;
}

export interface Layout {
  readonly dir: string;
  readonly confDir: string;
  readonly logDir: string;
  readonly https: boolean;
  readonly nameNodes: readonly NameNodeLayout[];
  readonly dataNodes: readonly DataNodeLayout[];
}

/** Name of the pair of NameNodes in Hadoop's own configuration. */
export const NAME_SERVICE = 'weft';

/**
 * Decides where everything lies and listens.
 *
 * @throws LoaderError EXISTS when a port that was asked for is taken
 */
export async function planLayout(o: LayoutOptions): Promise<Layout> {
  const { dir, dataNodes = o.dataNodeHosts?.length ?? 1, host = '127.0.0.1', https = false } = o;
  if (!Number.isSafeInteger(dataNodes) || dataNodes < 1) {
    throw new LoaderError('INVALID_ARGUMENT', `dataNodes: at least 1 expected, got ${dataNodes}`);
  }
  const hosts = o.dataNodeHosts ?? loopbackHosts(dataNodes);
  if (hosts.length !== dataNodes) {
    throw new LoaderError('INVALID_ARGUMENT', `dataNodeHosts: ${dataNodes} expected, got ${hosts.length}`);
  }
  const taken = new Set<number>();
  const port = (at: string, wanted: number): Promise<number> => freePort(at, wanted, taken);
  const nameNode = async (i: number): Promise<NameNodeLayout> => ({
    id: `nn${i + 1}`,
    host,
    httpPort: await port(host, i === 0 ? (o.httpPort ?? 0) : 0),
    rpcPort: await port(host, i === 0 ? (o.rpcPort ?? 0) : 0),
    nameDir: join(dir, `name${i + 1}`),
  });
  const dataNode = async (at: string, i: number): Promise<DataNodeLayout> => ({
    id: `dn${i + 1}`,
    host: at,
    httpPort: await port(at, 0),
    dataDir: join(dir, `data${i + 1}`),
  });
  return {
    dir,
    confDir: join(dir, 'conf'),
    logDir: join(dir, 'logs'),
    https,
    nameNodes: await Promise.all(Array.from({ length: o.highAvailability ? 2 : 1 }, (_, i) => nameNode(i))),
    dataNodes: await Promise.all(hosts.map(dataNode)),
  };
}

/** On Linux every address of 127/8 is this machine's; elsewhere 127.0.0.1 alone. */
function loopbackHosts(n: number): string[] {
  return Array.from({ length: n }, (_, i) => (process.platform === 'linux' ? `127.0.1.${i + 1}` : '127.0.0.1'));
}

/** Below those that systems give to outgoing connections, so that none of these takes it before the daemon does. */
const FREE_PORTS = { from: 15_000, to: 32_000 };
const TRIES = 100;

async function freePort(host: string, wanted: number, taken: Set<number>): Promise<number> {
  if (wanted !== 0) {
    if (await isFree(host, wanted)) return wanted;
    throw new LoaderError('EXISTS', `port ${wanted} of ${host} expected to be free, something listens there`);
  }
  for (let i = 0; i < TRIES; i++) {
    const some = FREE_PORTS.from + Math.floor(Math.random() * (FREE_PORTS.to - FREE_PORTS.from));
    if (taken.has(some)) continue;
    // Before anything else is asked: several ask at once.
    taken.add(some);
    if (await isFree(host, some)) return some;
  }
  throw new LoaderError('UNAVAILABLE', `a free port of ${host} expected, none found`);
}

function isFree(host: string, at: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return resolve(false);
      reject(new LoaderError('INVALID_ARGUMENT', `cannot listen on ${host}:${at}: ${error.message}`, { cause: error }));
    });
    // Node may take localhost for ::1, where Java takes it for 127.0.0.1.
    const address = host === 'localhost' ? '127.0.0.1' : host;
    server.listen({ host: address, port: at, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
