import { describe, expect, it } from 'vitest';
import { fetchView } from '../src/fetch-view.js';

function shown(
  progressBars: boolean,
  work: (view: ReturnType<typeof fetchView>, clock: { ms: number }) => void,
): string {
  let text = '';
  const clock = { ms: 0 };
  const stream = {
    isTTY: progressBars,
    columns: 80,
    write: (piece: string) => {
      text += piece;
      return true;
    },
    on: () => stream,
    once: () => stream,
    removeListener: () => stream,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  };
  const terminal = { progressBars, color: false };
  const view = fetchView(stream as unknown as NodeJS.WriteStream, { what: 'Hadoop', terminal, now: () => clock.ms });
  work(view, clock);
  view.stop();
  return text;
}

describe('fetchView', () => {
  it('writes a line now and then where there is no terminal, and the last', () => {
    const text = shown(false, (view, clock) => {
      view.line('starting');
      for (clock.ms = 0; clock.ms < 7_000; clock.ms += 100) view.progress(clock.ms * 1_000, 10_000_000);
      view.progress(10_000_000, 10_000_000);
    });
    expect(text).toBe('starting\nHadoop: 0 B of 10.0 MB\nHadoop: 5.0 MB of 10.0 MB\nHadoop: 10.0 MB of 10.0 MB\n');
  });

  it('draws a bar on a terminal', () => {
    const text = shown(true, (view) => view.progress(5_000_000, 10_000_000));
    expect(text).toMatch(/Hadoop .* 50 % 5\.0 MB of 10\.0 MB/);
  });
});
