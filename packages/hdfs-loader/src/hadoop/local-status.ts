/** How the Hadoop of this machine is. */
import { resolve } from 'node:path';
import { defaultFs } from './configuration.js';
import { daemonsOf, localUrl, readPlan } from './local-hadoop.js';
import { openProbe } from './probe.js';

export interface LocalDaemonStatus {
  /** As nn1, dn2. */
  readonly id: string;
  /** Null: it does not run. */
  readonly pid: number | null;
  /** Milliseconds since 1970. */
  readonly sinceMs: number | null;
  /** host:port of its HTTP. */
  readonly address: string;
  readonly memoryBytes: number | null;
  readonly logFile: string;
}

export interface LocalStatus {
  /** Whether all daemons run, and the NameNode answers. */
  readonly up: boolean;
  readonly dir: string;
  /** Null where no Hadoop was ever started in the folder. */
  readonly url: string | null;
  readonly defaultFs: string | null;
  readonly daemons: readonly LocalDaemonStatus[];
  /** Null while the NameNode does not answer. */
  readonly fileSystem: {
    readonly liveDataNodes: number;
    readonly capacityBytes: number;
    readonly usedBytes: number;
    readonly safeMode: boolean;
  } | null;
}

/** @example const { up, url } = await localStatus(dir); */
export async function localStatus(folder: string): Promise<LocalStatus> {
  const dir = resolve(folder);
  const plan = await readPlan(dir);
  if (!plan) return { up: false, dir, url: null, defaultFs: null, daemons: [], fileSystem: null };
  const { layout } = plan;
  const places = [...layout.nameNodes, ...layout.dataNodes];
  const daemons = await Promise.all(
    daemonsOf(layout).map(async (daemon, i): Promise<LocalDaemonStatus> => {
      const found = await daemon.find();
      return {
        id: daemon.command.id,
        pid: found?.pid ?? null,
        sinceMs: found?.sinceMs ?? null,
        address: `${places[i]?.host}:${places[i]?.httpPort}`,
        memoryBytes: found?.memoryBytes ?? null,
        logFile: daemon.command.logFile,
      };
    }),
  );
  // Who answers at the port of a NameNode that does not run is another's.
  const fileSystem = daemons[0]?.pid ? await askNameNode(layout) : null;
  const up = fileSystem !== null && daemons.every(({ pid }) => pid !== null);
  return { up, dir, url: localUrl(layout), defaultFs: defaultFs(layout), daemons, fileSystem };
}

async function askNameNode(layout: Parameters<typeof openProbe>[0]): Promise<LocalStatus['fileSystem']> {
  const probe = openProbe(layout);
  try {
    const [nameNode] = layout.nameNodes;
    const bean = nameNode && (await probe.bean(nameNode, 'Hadoop:service=NameNode,name=FSNamesystemState'));
    if (!bean) return null;
    const number = (name: string): number => Number(bean[name] ?? 0);
    return {
      liveDataNodes: number('NumLiveDataNodes'),
      capacityBytes: number('CapacityTotal'),
      usedBytes: number('CapacityUsed'),
      safeMode: bean['FSState'] === 'safeMode',
    };
  } finally {
    await probe.close();
  }
}
