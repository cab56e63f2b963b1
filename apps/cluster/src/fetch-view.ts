/** Shows a download as it goes: a bar on a terminal, lines elsewhere. */
import cliProgress from 'cli-progress';
import pc from 'picocolors';
import type { TerminalConfig } from './config.js';
import { bytes } from './format.js';

/** Between two lines where there is no terminal. */
const LINE_MS = 5_000;
/** Between two redraws of the bar. */
const DRAW_MS = 100;

export interface FetchView {
  /** A line above the progress. */
  line(text: string): void;
  /** Bytes that are there, of all. */
  progress(done: number, total: number): void;
  /** Brings the cursor back. Idempotent. */
  stop(): void;
}

function lineView(write: (line: string) => void, what: string, now: () => number): FetchView {
  let nextMs = 0;
  return {
    line: write,
    progress: (done, total) => {
      if (now() < nextMs && done < total) return;
      nextMs = now() + LINE_MS;
      write(`${what}: ${bytes(done)} of ${bytes(total)}`);
    },
    stop: () => {},
  };
}

/** @param what is fetched, as the first words of the bar or line */
export function fetchView(
  stream: NodeJS.WriteStream,
  o: { what: string; terminal: TerminalConfig; now: () => number },
): FetchView {
  const { what, terminal, now } = o;
  const write = (line: string): void => void stream.write(`${line}\n`);
  if (!terminal.progressBars) return lineView(write, what, now);
  const { cyan, dim } = pc.createColors(terminal.color);
  let bar: cliProgress.SingleBar | null = null;
  let nextMs = 0;
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    line: (text) => {
      stop();
      write(dim(text));
    },
    progress: (done, total) => {
      if (now() < nextMs && done < total) return;
      nextMs = now() + DRAW_MS;
      if (!bar) {
        const format = `${what} ${cyan('{bar}')} {percentage} % {text}`;
        bar = new cliProgress.SingleBar(
          { stream, barsize: 24, hideCursor: true, clearOnComplete: true, gracefulExit: false, format },
          cliProgress.Presets.shades_classic,
        );
        bar.start(total, done, { text: '' });
      }
      bar.update(done, { text: `${bytes(done)} of ${bytes(total)}` });
    },
    stop,
  };
}
