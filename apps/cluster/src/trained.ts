/** Takes the result of a run in: θ from the shards, or x from the worker where there is no server. */
import { ShardKind, StalenessHistogram, shardLink, type Vector } from '@weft/trainer';
import { asFloat32, type Connection, connect, type ShardRange } from '@weft/transport';
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
  /** τ of every push at every shard. */
  readonly staleness: StalenessHistogram;
  readonly audit: Audit;
}

type Collected = Pick<Trained, 'parameters' | 'staleness'>;

const STATS = z.object({ version: z.int().min(0), staleness: z.array(z.tuple([z.int().min(0), z.int().min(1)])) });

/** θ and the staleness of all pushes, from every shard. */
export async function collectFromShards(o: {
  shards: readonly { host: string; port: number; range: ShardRange }[];
  run: string;
  token: Uint8Array;
  parameters: number;
}): Promise<Collected> {
  const identity = { role: 'coordinator', rank: 0, run: o.run };
  const connecting = o.shards.map(async ({ host, port, range }) => ({
    range,
    connection: await connect({ host, port, identity, token: o.token }),
  }));
  try {
    const peers = await Promise.all(connecting);
    const parameters = new Float32Array(o.parameters);
    await shardLink({ shards: peers, timeoutMs: EXCHANGE_MS }).pull(parameters);
    const staleness = new StalenessHistogram();
    for (const [i, { connection }] of peers.entries()) {
      const { header } = await connection.request(ShardKind.stats, {}, { timeoutMs: EXCHANGE_MS });
      staleness.merge(readHeader(STATS, header, `shard ${i}`).staleness);
    }
    return { parameters, staleness };
  } finally {
    // Also those that came while another could not be reached.
    await Promise.allSettled(connecting.map(async (peer) => (await peer).connection.close()));
  }
}

/** The parameters of the only worker. */
export async function collectFromWorker(worker: Connection | undefined): Promise<Collected> {
  if (!worker) throw new ClusterError('node', 'worker 0: a connection expected at the end of the run, there is none');
  const { payload } = await worker.request(ControlKind.parameters, {}, { timeoutMs: EXCHANGE_MS });
  return { parameters: asFloat32(payload), staleness: new StalenessHistogram() };
}

/** The mean of the workers' weights that are not trained: each worker's moving statistics saw other samples. */
export async function collectState(workers: readonly (Connection | undefined)[]): Promise<Vector> {
  const states = await Promise.all(
    workers.map(async (worker, rank) => {
      if (!worker) throw new ClusterError('node', `worker ${rank}: a connection expected at the end of the run`);
      const { payload } = await worker.request(ControlKind.state, {}, { timeoutMs: EXCHANGE_MS });
      return asFloat32(payload);
    }),
  );
  return states[0]!.map((_, i) => states.reduce((sum, state) => sum + state[i]!, 0) / states.length);
}
