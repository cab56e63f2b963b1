/** Takes the result of a run in: θ from the shards, or x from the worker where there is no server. */
import { ShardKind, StalenessHistogram, shardLink, type Vector } from '@weft/trainer';
import { asFloat32, type Connection, connect, type ShardRange, type TlsMode } from '@weft/transport';
import { z } from 'zod';
import { ControlKind, readHeader } from './control-messages.js';
import { ClusterError } from './errors.js';
import type { Audit } from './ledger.js';
import { EXCHANGE_MS } from './timing.js';

/** What a run came to. */
export interface Trained {
  readonly parameters: Vector;
  /** The weights that are not trained. */
  readonly state: Vector;
  /** What each shard counted, in the order of the ranges; empty where there is no server. */
  readonly shards: readonly ShardStats[];
  readonly audit: Audit;
}

/** What one shard counted. */
export interface ShardStats {
  /** How often its range of θ has moved. */
  readonly version: number;
  /** τ of every push. */
  readonly staleness: StalenessHistogram;
}

type Collected = Pick<Trained, 'parameters' | 'shards'>;

const STATS = z.object({ version: z.int().min(0), staleness: z.array(z.tuple([z.int().min(0), z.int().min(1)])) });

async function statsOf(connection: Connection, rank: number): Promise<ShardStats> {
  const { header } = await connection.request(ShardKind.stats, {}, { timeoutMs: EXCHANGE_MS });
  const { version, staleness } = readHeader(STATS, header, `shard ${rank}`);
  const histogram = new StalenessHistogram();
  histogram.merge(staleness);
  return { version, staleness: histogram };
}

/** θ and what the shards counted, from every shard. */
export async function collectFromShards(o: {
  shards: readonly { host: string; port: number; range: ShardRange }[];
  run: string;
  token: Uint8Array;
  parameters: number;
  tls?: TlsMode;
  onWarning?: (line: string) => void;
}): Promise<Collected> {
  const { token, tls, onWarning } = o;
  const options = {
    identity: { role: 'coordinator', rank: 0, run: o.run },
    token,
    tls,
    ...(onWarning && { onWarning }),
  };
  const connecting = o.shards.map(async ({ host, port, range }, rank) => ({
    range,
    connection: await connect({ ...options, host, port, expect: { role: 'shard', rank } }),
  }));
  try {
    const peers = await Promise.all(connecting);
    const parameters = new Float32Array(o.parameters);
    await shardLink({ shards: peers, timeoutMs: EXCHANGE_MS }).pull(parameters);
    const shards = await Promise.all(peers.map(({ connection }, i) => statsOf(connection, i)));
    return { parameters, shards };
  } finally {
    // Also those that came while another could not be reached.
    await Promise.allSettled(connecting.map(async (peer) => (await peer).connection.close()));
  }
}

/** The parameters of the only worker. */
export async function collectFromWorker(worker: Connection | undefined): Promise<Collected> {
  if (!worker) throw new ClusterError('node', 'worker 0: a connection expected at the end of the run, there is none');
  const { payload } = await worker.request(ControlKind.parameters, {}, { timeoutMs: EXCHANGE_MS });
  return { parameters: asFloat32(payload), shards: [] };
}
