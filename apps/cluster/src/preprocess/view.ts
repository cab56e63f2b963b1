/** Shows a preprocessing as it goes: a bar on a terminal, lines elsewhere. */

import cliProgress from 'cli-progress';
import pc from 'picocolors';
import type { TerminalConfig } from '../config.js';
import { duration, integer } from '../format.js';
import { workerHosts } from '../hosts.js';
import { pacedLines } from '../paced-lines.js';
import type { FitRunning } from './fit-progress.js';
import type { PreprocessView, TransformRunning } from './preprocess.js';

/** Between two redraws of the bar. */
const DRAW_MS = 100;

type Begun = Parameters<NonNullable<PreprocessView['begin']>>[0];

/** A view, and its end, after which the cursor is back. */
export type StoppableView = PreprocessView & { stop(): void };

function headline({ config, manifest, steps }: Begun): string {
  const { train, test } = manifest.subsets;
  const workers = workerHosts(config.hosts).length;
  return (
    `${steps} of ${manifest.name}: ${integer(train.samples)} training and ${integer(test.samples)} test images of ` +
    `${manifest.inputShape.join(' × ')}, ${workers} worker${workers === 1 ? '' : 's'}`
  );
}

const fitText = ({ step, pass, passes, rows, totalRows }: FitRunning): string =>
  `${step}: pass ${pass}${passes === null ? '' : ` of ${passes}`}, ${integer(rows)}/${integer(totalRows)} images`;

const fittedText = ({ step, seconds }: { step: string; seconds: number }): string =>
  `${step} fitted in ${duration(seconds)}`;

/** Speed since the first progress that was told of. */
class Rate {
  #first: { ms: number; samples: number } | null = null;

  text(r: TransformRunning, nowMs: number): string {
    this.#first ??= { ms: nowMs, samples: r.samples };
    const speed = ((r.samples - this.#first.samples) / (nowMs - this.#first.ms)) * 1000;
    const rate =
      speed > 0 && Number.isFinite(speed)
        ? `  ${integer(speed)} images/s  ${duration((r.totalSamples - r.samples) / speed)} left`
        : '';
    return `${integer(r.samples)}/${integer(r.totalSamples)} images  ${r.shards}/${r.totalShards} shards${rate}`;
  }
}

/** Lines of text, at most one of progress every few seconds. */
export function linePreprocessView(write: (line: string) => void, now: () => number): StoppableView {
  const rate = new Rate();
  const sometimes = pacedLines(write, now);
  return {
    line: write,
    begin: (begun) => write(headline(begun)),
    fit: (running) => sometimes(fitText(running)),
    fitted: (o) => write(fittedText(o)),
    transform: (running) => sometimes(rate.text(running, now())),
    stop: () => {},
  };
}

/** One bar. */
export function barPreprocessView(stream: NodeJS.WriteStream, o: { color: boolean; now: () => number }): StoppableView {
  const { bold, cyan, dim } = pc.createColors(o.color);
  const rate = new Rate();
  let bar: cliProgress.SingleBar | null = null;
  let nextMs = 0;
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  const write = (text: string): void => {
    stop();
    stream.write(`${text}\n`);
  };
  const draw = (value: number, total: number, text: string): void => {
    if (o.now() < nextMs) return;
    nextMs = o.now() + DRAW_MS;
    if (!bar) {
      const format = `${cyan('{bar}')} {percentage} %  {text}`;
      bar = new cliProgress.SingleBar(
        { stream, format, barsize: 24, hideCursor: true, clearOnComplete: true, gracefulExit: false },
        cliProgress.Presets.shades_classic,
      );
      bar.start(Math.max(1, total), value, { text });
    }
    bar.setTotal(Math.max(1, total));
    bar.update(value, { text });
  };
  return {
    line: (text) => write(dim(text)),
    begin: (begun) => write(bold(headline(begun))),
    fit: (running) => draw(running.rows, running.totalRows, fitText(running)),
    fitted: (fitted) => write(fittedText(fitted)),
    transform: (running) => draw(running.samples, running.totalSamples, rate.text(running, o.now())),
    stop,
  };
}

/** The view that fits where the output goes. */
export function preprocessView(stream: NodeJS.WriteStream, t: TerminalConfig, now: () => number): StoppableView {
  if (t.progressBars) return barPreprocessView(stream, { color: t.color, now });
  return linePreprocessView((line) => void stream.write(`${line}\n`), now);
}
