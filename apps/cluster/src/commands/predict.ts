/** `cluster predict`: what a trained model says of photographs. */
import process from 'node:process';
import type { Command } from 'commander';
import { type HdfsFlags, storageOptions } from '../config.js';
import { ClusterError, shown } from '../errors.js';
import { percent } from '../format.js';
import { interruptible } from '../interruptible.js';
import { type Prediction, predict } from '../predict.js';
import { addHdfsFlags } from './hdfs-flags.js';

interface PredictFlags extends HdfsFlags {
  top: string;
  json?: boolean;
}

const toStderr = (line: string): void => void process.stderr.write(`${line}\n`);

function line({ image, classes }: Extract<Prediction, { classes: unknown }>): string {
  // An output that is no probability is a number like any other.
  const text = classes.map(({ name, probability: p }) => `${name} ${p >= 0 && p <= 1 ? percent(p) : p.toFixed(4)}`);
  return `${image.replace(/\p{Cc}/gu, '\ufffd')}  ${text.join(', ')}`;
}

async function run(folder: string, images: readonly string[], flags: PredictFlags): Promise<void> {
  if (!/^\d{1,5}$/.test(flags.top) || Number(flags.top) < 1)
    throw new ClusterError('usage', `--top: a whole number from 1 to 99999 expected, got ${shown(flags.top)}`);
  const options = { top: Number(flags.top), storage: storageOptions(flags, process.env, toStderr) };
  const told: object[] = [];
  // The last one is what main() tells: a line an image.
  let failure: ClusterError | null = null;
  await interruptible({
    run: async (signal) => {
      for await (const prediction of predict(folder, images, { ...options, signal })) {
        if ('error' in prediction) {
          const { image, error } = prediction;
          if (failure) toStderr(`error: ${failure.message}`);
          failure = error;
          told.push({ image, error: error.message });
        } else if (flags.json) {
          told.push(prediction);
        } else {
          process.stdout.write(`${line(prediction)}\n`);
        }
      }
    },
    onKill: () => {},
  });
  if (flags.json) process.stdout.write(`${JSON.stringify(told)}\n`);
  if (failure) throw failure;
}

/** Adds the command to the command line. */
export function addPredict(root: Command): void {
  addHdfsFlags(
    root
      .command('predict')
      .description('what a trained model says of photographs, decoded and preprocessed as its data set was')
      .argument('<run>', 'run folder of a finished run, also hdfs://')
      .argument('<image...>', 'image files, also hdfs://'),
  )
    .option('--top <n>', 'classes of an image, the best first', '3')
    .option('--json', 'print one JSON array on standard output')
    .action(run);
}
