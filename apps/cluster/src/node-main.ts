/** The entry of every process that a run starts. It ends with its coordinator, whatever the coordinator dies of. */
import process from 'node:process';
import type { Connection } from '@weft/transport';
import { ControlKind, type NodeStart, readHeader, SCHEMAS } from './control-messages.js';
import { oneLine } from './errors.js';
import { connectToCoordinator, readStartLine } from './node-connection.js';
import { STOP_MS } from './timing.js';
import type { WorkerState } from './worker-node.js';

// Ctrl-C reaches the whole process group; when to end is the coordinator's to say.
process.on('SIGINT', () => {});

function orphaned(why: string): never {
  process.stderr.write(`${new Date().toISOString()} ends: ${why}\n`);
  process.exit(3);
}

async function fail(error: unknown, control: Connection | null): Promise<never> {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  const words = control?.request(ControlKind.failed, { message: oneLine(error) }, { timeoutMs: STOP_MS });
  await words?.catch(() => {});
  return process.exit(1);
}

async function main(): Promise<void> {
  let control: Connection | null = null;
  try {
    const line = await readStartLine(process.stdin, () => orphaned('the coordinator closed the standard input'));
    const start: NodeStart = readHeader(SCHEMAS.nodeStart, JSON.parse(line), 'start');
    const state: WorkerState = { replica: null, fail: (error) => void fail(error, control) };
    control = await connectToCoordinator(start, (message) => {
      if (message.kind === ControlKind.stop) process.exit(0);
      if (message.kind === ControlKind.parameters && state.replica) return { sendView: state.replica.parameters };
      throw new TypeError(
        `${start.role} ${start.rank}: stop expected, or parameters once there are some, got kind ${message.kind}`,
      );
    });
    control.closed.then(
      (reason) => orphaned(reason ? oneLine(reason) : 'the coordinator closed the connection'),
      orphaned,
    );
    // Both return while the process goes on: a shard serves, and a worker's parameters may be asked for, until `stop`.
    // Each loads only what it runs: tfjs takes a second, in which a process cannot hear that its coordinator is gone.
    switch (start.role) {
      case 'shard':
        await (await import('./shard-node.js')).runShardNode(start, control);
        break;
      case 'worker':
        await (await import('./worker-node.js')).runWorkerNode(start, control, state);
        break;
      case 'preprocessor':
        await (await import('./preprocess/preprocess-node.js')).runPreprocessNode(start, control);
    }
  } catch (error) {
    await fail(error, control);
  }
}

await main();
