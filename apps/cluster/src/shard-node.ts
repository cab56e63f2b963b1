/** The parameter shard process: one range of θ, served until the coordinator goes. */
import { algorithm, ParameterShard, shardHandler } from '@weft/trainer';
import { asFloat32, type Connection, listen, type Server } from '@weft/transport';
import { ControlKind, type NodeStart, readHeader, SCHEMAS } from './control-messages.js';
import { ClusterError, oneLine } from './errors.js';
import { nodeOptions, placesFor } from './node-connection.js';
import { START_MS } from './timing.js';

/** Serves a shard; gives its server once the coordinator knows of it. Rejects when it cannot. */
export async function runShardNode(start: NodeStart, control: Connection): Promise<Server> {
  const joined = await control.request(ControlKind.join, {}, { timeoutMs: START_MS });
  const job = readHeader(SCHEMAS.shardJob, joined.header, `shard ${start.rank}: job`);
  const rule = algorithm(job.rule.trainer).shard?.(job.rule);
  if (!rule) throw new ClusterError('node', `shard ${start.rank}: trainer ${job.rule.trainer} has no server`);
  const center = asFloat32(joined.payload).slice();
  const shard = new ParameterShard({ center, rule, workers: job.rule.workers });
  const { host, port } = start.listen;
  const server = await listen({
    ...nodeOptions(start),
    host,
    port,
    ...placesFor(job.rule.workers + 1),
    handler: shardHandler(shard),
  }).catch((error: unknown) => {
    throw new ClusterError('node', `shard ${start.rank}: ${oneLine(error)}`, { cause: error });
  });
  await control.request(ControlKind.serving, { host: server.host, port: server.port }, { timeoutMs: START_MS });
  return server;
}
