/** Shows an ingest as it goes: a bar on a terminal, lines elsewhere. */

import type { IngestProgress, Progress } from '@weft/hdfs-loader';
import cliProgress from 'cli-progress';
import pc from 'picocolors';
import type { TerminalConfig } from './config.js';
import { bytes, duration, integer } from './format.js';
import { pacedLines } from './paced-lines.js';

/** Between two redraws of the bar. */
const DRAW_MS = 100;

/** What an ingest tells. */
export interface IngestView {
  line(text: string): void;
  source(progress: Progress): void;
  progress(progress: IngestProgress): void;
  /** Brings the cursor back. Idempotent. */
  stop(): void;
}

/** Speed since the first progress that this process told of. */
class Rate {
  #first: { ms: number; samples: number; bytes: number } | null = null;

  text(p: IngestProgress, nowMs: number): string {
    this.#first ??= { ms: nowMs, samples: p.samples, bytes: p.bytes };
    const seconds = (nowMs - this.#first.ms) / 1000;
    const each = seconds / (p.samples - this.#first.samples);
    const left = p.totalSamples === null ? '' : `  ${duration(each * (p.totalSamples - p.samples))} left`;
    const speed = seconds > 0 ? `  ${bytes((p.bytes - this.#first.bytes) / seconds)}/s` : '';
    return `${bytes(p.bytes)}${speed}${left}`;
  }
}

const counted = (p: IngestProgress): string =>
  p.totalSamples === null ? integer(p.samples) : `${integer(p.samples)}/${integer(p.totalSamples)}`;

function sourceText({ stage, done, total }: Progress): string {
  return stage === 'list' ? `${integer(done)} files found` : `file ${done}${total === null ? '' : ` of ${total}`} read`;
}

/** Lines of text, at most one of progress every few seconds. */
export function lineIngestView(write: (line: string) => void, now: () => number): IngestView {
  const rate = new Rate();
  const sometimes = pacedLines(write, now);
  return {
    line: write,
    source: (p) => sometimes(sourceText(p)),
    progress: (p) => {
      const text = rate.text(p, now());
      sometimes(`${counted(p)} images  ${text}`);
    },
    stop: () => {},
  };
}

/** One bar. */
export function barIngestView(stream: NodeJS.WriteStream, o: { color: boolean; now: () => number }): IngestView {
  const { cyan, dim } = pc.createColors(o.color);
  const rate = new Rate();
  let bar: cliProgress.SingleBar | null = null;
  let nextMs = 0;
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  const draw = (value: number, total: number, text: string): void => {
    if (o.now() < nextMs) return;
    nextMs = o.now() + DRAW_MS;
    if (!bar) {
      bar = new cliProgress.SingleBar(
        {
          stream,
          barsize: 24,
          hideCursor: true,
          clearOnComplete: true,
          gracefulExit: false,
          format: `${cyan('{bar}')} {percentage} %  {text}`,
        },
        cliProgress.Presets.shades_classic,
      );
      bar.start(Math.max(1, total), value, { text });
    }
    bar.setTotal(Math.max(1, total));
    bar.update(value, { text });
  };
  return {
    line: (text) => {
      stop();
      stream.write(`${dim(text)}\n`);
    },
    source: (p) => draw(p.total === null ? 0 : p.done, p.total ?? 1, sourceText(p)),
    progress: (p) => {
      const text = rate.text(p, o.now());
      draw(p.totalSamples === null ? 0 : p.samples, p.totalSamples ?? 1, `${counted(p)} images  ${text}`);
    },
    stop,
  };
}

/** The view that fits where the output goes. */
export function ingestView(stream: NodeJS.WriteStream, t: TerminalConfig, now: () => number): IngestView {
  if (t.progressBars) return barIngestView(stream, { color: t.color, now });
  return lineIngestView((line) => void stream.write(`${line}\n`), now);
}
