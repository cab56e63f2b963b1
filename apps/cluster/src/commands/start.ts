/** `cluster start`: trains a model. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { MODELS } from '@weft/models';
import { ALGORITHMS, OPTIMIZERS, type Settings } from '@weft/trainer';
import type { Command } from 'commander';
import { type TrainOptions, terminal } from '../config.js';
import { ClusterError, shown } from '../errors.js';
import { interruptible } from '../interruptible.js';
import { DECIMAL } from '../option-schemas.js';
import { runTable } from '../run-table.js';
import { terminalView } from '../terminal-view.js';
import { train } from '../train.js';
import { addHdfsFlags } from './hdfs-flags.js';

/** Characters of a line where there is no terminal. */
const PLAIN_WIDTH = 100;

const names = (table: object): string => Object.keys(table).join(', ');

/** `beta=0.9` → { beta: 0.9 }, on top of what came before. */
function parseSetting(text: string, before: Settings): Settings {
  const [, name, value] = /^([A-Za-z][A-Za-z0-9-]*)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new ClusterError('usage', `--set: NAME=VALUE expected, got ${shown(text)}`);
  }
  const parsed = value === 'true' || (value === 'false' ? false : DECIMAL.test(value) ? Number(value) : value);
  return { ...before, [name]: parsed };
}

async function start(options: TrainOptions & { json?: boolean }): Promise<void> {
  const { json = false, ...run } = options;
  const view = terminalView(process.stderr, terminal(process.stderr, process.env), () => performance.now());
  try {
    await interruptible({
      run: async (signal) => {
        const report = await train(run, { signal, view });
        process.stdout.write(
          json ? `${JSON.stringify(report)}\n` : `\n${runTable(report, process.stdout.columns ?? PLAIN_WIDTH)}\n`,
        );
      },
      // The cursor must come back.
      onKill: () => view.stop(),
    });
  } finally {
    view.stop();
  }
}

/** Adds the command to the command line. */
export function addStart(root: Command): void {
  const trainers = Object.values(ALGORITHMS).map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  const command = root
    .command('start')
    .description('train a model over the hosts of a file, or with two workers on this machine')
    .option('--hosts <file>', 'hosts file: a host a line, name [slots=N] [gpus=0,1] [port=N] [user=NAME]')
    .option(
      '--dataset <name>',
      'fashion-mnist, a data set (a folder or hdfs://), or a folder that ingest takes without flags (fashion-mnist)',
    )
    .option('--model <name>', `${names(MODELS)}, or the path of a tfjs model.json (mlp)`)
    .option('--trainer <name>', `${names(ALGORITHMS)} (adag)`)
    .option('--optimizer <name>', `${names(OPTIMIZERS)} (the trainer's)`)
    .option('--learning-rate <x>', "step size of the optimizer (the trainer's)")
    .option('--batch-size <n>', 'samples a step, per worker (128)')
    .option('--window <n>', "steps between two exchanges (the trainer's)")
    .option('--epochs <n>', 'how often every sample is trained (1)')
    .option('--shards <n>', 'parameter shards (one a host)')
    .option('--seed <n>', 'of weights, order and dropout (1)')
    .option('--engine <name>', 'auto, native, tensorflow, tfjs (auto)')
    .option('--threads <n>', 'threads a worker; the tfjs engine uses one (auto: cores over slots)')
    .option('--shuffle-buffer <bytes>', 'samples that are shuffled together; a worker holds up to twice this (256MiB)')
    .option('--ordered', "give samples out strictly in the epoch's order: each worker then reads all of them")
    .option('--augment <list>', 'changes to training images: flip, shift=N, or both with a comma between them')
    .option('--run-dir <dir>', 'run folder, also hdfs:// (runs/<time>-<trainer>-<id>)')
    .option('--set <name=value>', 'a setting of the trainer, as beta=0.9; may be repeated', parseSetting, {})
    .option('--insecure', 'no TLS between hosts: whoever is on their network can read and change the run')
    .option('--json', 'print the report as one JSON object on standard output')
    .addHelpText('after', `\nTrainers:\n${trainers.join('\n')}`)
    .action(({ set, ...options }: TrainOptions & { set: Settings; json?: boolean }) =>
      start({ ...options, settings: set }),
    );
  addHdfsFlags(command);
}
