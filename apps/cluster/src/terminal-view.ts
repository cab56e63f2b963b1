/** Shows a run as it goes: bars on a terminal, lines elsewhere. Both go to standard error; standard output is the result's. */
import cliProgress from 'cli-progress';
import pc from 'picocolors';
import type { RunConfig, TerminalConfig } from './config.js';
import { duration, integer, percent } from './format.js';
import type { EpochReport, Running } from './run-metrics.js';
import type { RunView } from './train.js';

/** Between two lines of progress where there is no terminal. */
const LINE_MS = 5_000;
/** Between two redraws of the bars. */
const DRAW_MS = 100;

interface Begun {
  readonly config: RunConfig;
  readonly samples: number;
}

/** Of the whole run, evaluations not counted. */
function secondsLeft(r: Running, { config, samples }: Begun): number {
  return ((config.epochs - r.epoch + 1) * samples - r.samples) / r.samplesPerSecond;
}

function headline({ config, samples }: Begun): string {
  const { trainer, optimizer, learningRate, model, dataset, workers, shards, batchSize, window, epochs } = config;
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  const exchange = shards > 0 ? `, ${count(shards, 'parameter shard')}, window ${window}` : '';
  return (
    `${trainer} trains ${model} on ${dataset}: ${integer(samples)} images, ${count(epochs, 'epoch')}\n` +
    `${count(workers, 'worker')} × batch ${batchSize}${exchange}, ${optimizer} ${learningRate}`
  );
}

function epochLine(e: EpochReport, epochs: number): string {
  return (
    `epoch ${e.epoch}/${epochs}: ${integer(e.samplesPerSecond)} samples/s, loss ${e.loss.toFixed(4)}, ` +
    `accuracy ${percent(e.accuracy)}, test accuracy ${percent(e.testAccuracy)} (${duration(e.seconds)})`
  );
}

/** Lines of text, at most one of progress every few seconds. */
export function lineView(write: (line: string) => void, now: () => number): RunView {
  let begun: Begun | null = null;
  let nextMs = 0;
  return {
    line: write,
    begin: (run) => {
      begun = run;
      write(headline(run));
      write(`run folder ${run.runDir}`);
    },
    progress: (r) => {
      if (!begun || now() < nextMs) return;
      nextMs = now() + LINE_MS;
      const { config, samples } = begun;
      write(
        `epoch ${r.epoch}/${config.epochs} ${integer(r.samples)}/${integer(samples)}: ${integer(r.samplesPerSecond)} samples/s, ` +
          `loss ${r.loss.toFixed(4)}, accuracy ${percent(r.accuracy)}, staleness ${r.staleness.toFixed(2)}, ` +
          `${duration(secondsLeft(r, begun))} left`,
      );
    },
    epoch: (e) => write(epochLine(e, begun?.config.epochs ?? e.epoch)),
  };
}

/** One bar for the epoch and one for each worker. */
export function barView(
  stream: NodeJS.WriteStream,
  o: { color: boolean; now: () => number },
): RunView & { stop(): void } {
  const { bold, cyan, dim, green } = pc.createColors(o.color);
  const write = (line: string): void => void stream.write(`${line}\n`);
  let begun: Begun | null = null;
  let bars: { multi: cliProgress.MultiBar; all: cliProgress.SingleBar; workers: cliProgress.SingleBar[] } | null = null;
  let nextMs = 0;

  const open = (run: Begun, epoch: number): NonNullable<typeof bars> => {
    const multi = new cliProgress.MultiBar(
      {
        stream,
        barsize: 20,
        hideCursor: true,
        clearOnComplete: true,
        format: '',
        gracefulExit: false,
        autopadding: true,
      },
      cliProgress.Presets.shades_classic,
    );
    const total = run.samples;
    const all = multi.create(
      total,
      0,
      {},
      { format: `${bold(`epoch ${epoch}/${run.config.epochs}`)} ${cyan('{bar}')} {percentage} % {text}` },
    );
    // A full bar is an equal share: who is faster fills it first, and goes on with what others leave.
    const share = Math.ceil(total / run.config.workers);
    const workers = Array.from({ length: run.config.workers }, (_, w) =>
      multi.create(share, 0, {}, { format: `${dim(`worker ${w} `)} ${green('{bar}')} {text}` }),
    );
    return { multi, all, workers };
  };
  const stop = (): void => {
    bars?.multi.stop();
    bars = null;
  };

  return {
    line: (text) => {
      // The bars come back, below the line, with the next progress.
      stop();
      write(dim(text));
    },
    begin: (run) => {
      begun = run;
      write(bold(headline(run)));
    },
    progress: (r) => {
      if (!begun || o.now() < nextMs) return;
      nextMs = o.now() + DRAW_MS;
      bars ??= open(begun, r.epoch);
      bars.all.update(r.samples, {
        text:
          `${integer(r.samplesPerSecond)} samples/s  loss ${r.loss.toFixed(4)}  accuracy ${percent(r.accuracy)}  ` +
          `staleness ${r.staleness.toFixed(2)}  ${duration(secondsLeft(r, begun))} left`,
      });
      for (const [w, bar] of bars.workers.entries()) {
        const worker = r.workers[w];
        if (worker)
          bar.update(Math.min(worker.samples, bar.getTotal()), {
            text: `${integer(worker.samples)} images  ${integer(worker.samplesPerSecond)} samples/s`,
          });
      }
    },
    epoch: (e) => {
      stop();
      write(epochLine(e, begun?.config.epochs ?? e.epoch));
    },
    stop,
  };
}

/** The view that fits where the output goes. */
export function terminalView(
  stream: NodeJS.WriteStream,
  t: TerminalConfig,
  now: () => number,
): RunView & { stop(): void } {
  if (t.progressBars) return barView(stream, { color: t.color, now });
  return { ...lineView((line) => void stream.write(`${line}\n`), now), stop: () => {} };
}
