/** `cluster preprocess`: makes a data set of another one by steps that learn from its training split. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { Command } from 'commander';
import { terminal } from '../config.js';
import { ClusterError } from '../errors.js';
import { duration, integer, percent } from '../format.js';
import { interruptible } from '../interruptible.js';
import type { PreprocessOptions } from '../preprocess/config.js';
import { preprocess } from '../preprocess/preprocess.js';
import type { PreprocessReport } from '../preprocess/report.js';
import { preprocessView } from '../preprocess/view.js';
import { addHdfsFlags } from './hdfs-flags.js';

type Flags = Omit<PreprocessOptions, 'source' | 'destination'> & { json?: boolean };

/** What was made, on one line. */
function summary(r: PreprocessReport): string {
  const kept = r.keptSamples > 0 ? `, ${integer(r.keptSamples)} images were there already` : '';
  const variance = r.pca ? `, ${r.pca.components} components keep ${percent(r.pca.varianceKept)} of the variance` : '';
  return (
    `${r.name}: ${integer(r.samples.train)} training and ${integer(r.samples.test)} test samples of ` +
    `${r.inputShape.join(' × ')} ${r.dtype}${variance}: ${r.location} ` +
    `(${duration(r.seconds)}, ${integer(r.samplesPerSecond)} images/s${kept})`
  );
}

async function run(source: string, destination: string, { json = false, ...flags }: Flags): Promise<void> {
  const view = preprocessView(process.stderr, terminal(process.stderr, process.env), () => performance.now());
  try {
    await interruptible({
      run: async (signal) => {
        try {
          const report = await preprocess({ ...flags, source, destination }, { signal, view });
          view.stop();
          process.stdout.write(`${json ? JSON.stringify(report) : summary(report)}\n`);
        } catch (error) {
          if (!signal.aborted || !(error instanceof ClusterError) || error.code !== 'interrupted') throw error;
          const message =
            'interrupted: the preprocessing was stopped before its end; the same command goes on with what is finished';
          throw new ClusterError('interrupted', message, { cause: error });
        }
      },
      // The cursor must come back.
      onKill: () => view.stop(),
    });
  } finally {
    view.stop();
  }
}

/** Adds the command to the command line. */
export function addPreprocess(root: Command): void {
  const command = root
    .command('preprocess')
    .description('make a data set of another one by steps that learn from its training split, over all workers')
    .argument('<source>', 'fashion-mnist, or a data set: its folder or hdfs:// location')
    .argument('<dest>', 'folder or hdfs:// location that is to be')
    .requiredOption('--steps <list>', 'steps with commas between them, as grayscale,resize=128,pca=784,standardize')
    .option('--hosts <file>', 'hosts file: a host a line, name [slots=N] [gpus=0,1] [port=N] [user=NAME]')
    .option('--device <name>', 'where a pca computes: auto, cpu, gpu (auto: a GPU where there is one)')
    .option('--threads <n>', 'threads a worker (auto: cores over slots)')
    .option('--cache <bytes>', 'prepared images kept between the passes of a fit, over all workers (1GiB)')
    .option('--seed <n>', "of a randomized pca's start (1)")
    .option('--name <name>', "of the data set (the source's)")
    .option('--restart', 'throw away what an interrupted preprocessing has left there')
    .option('--overwrite', 'replace the data set that is there, at the very end')
    .option('--insecure', 'no TLS between hosts: whoever is on their network can read and change what they say')
    .option('--json', 'print the result as one JSON object on standard output');
  addHdfsFlags(command)
    .addHelpText(
      'after',
      `
Steps:
  grayscale                      Rec. 601 luma
  resize=N, resize=HxW           cover and cut to the centre; crop=N, crop=HxW only cut
  minmax, minmax=per-pixel       onto [0, 1] by the training split's range
  standardize                    each feature: mean 0 and standard deviation 1 over the training split
  normalize                      each image: mean 0 and standard deviation 1
  pca=K, pca=0.95                K components, or as many as explain that share of the variance;
                                 with :whiten, :covariance, :randomized, :incremental behind it
  flatten, reshape=28x28x1       the same values in another shape

A preprocessing that was interrupted goes on with the same command; report.html beside the data shows what was learnt.`,
    )
    .action(run);
}
