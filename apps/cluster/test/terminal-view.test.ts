import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configure } from '../src/config.js';
import type { Running } from '../src/run-metrics.js';
import { barView, lineView, terminalView } from '../src/terminal-view.js';
import { sampleEpoch } from './sample-report.js';

const config = configure(
  { shards: 2, epochs: 2, window: 4, optimizer: 'sgd', learningRate: 0.1 },
  { WEFT_DATA_DIR: '/d' },
);
const begun = { config, samples: 1000, runDir: '/runs/1' };
const running: Running = {
  epoch: 1,
  samples: 250,
  seconds: 1,
  samplesPerSecond: 250,
  loss: 0.5,
  accuracy: 0.25,
  staleness: 1,
  dataWaitShare: 0.01,
  workers: [
    { samples: 125, samplesPerSecond: 125 },
    { samples: 125, samplesPerSecond: 125 },
  ],
};

/** A terminal that keeps what is written to it; shown() waits for a text that a bar draws in its own time. */
function fakeTerminal(): { stream: NodeJS.WriteStream; text: () => string; shown: (part: string) => Promise<void> } {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 24 });
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const shown = async (part: string): Promise<void> => {
    while (!text.includes(part)) await once(stream, 'data');
  };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text, shown };
}

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';

describe('lineView', () => {
  it('writes what is decided, some progress and every epoch', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const view = lineView(
      (line) => lines.push(line),
      () => nowMs,
    );
    view.progress?.(running);
    expect(lines).toEqual([]);
    view.line?.('started');
    view.begin?.(begun);
    view.progress?.(running);
    nowMs = 4999;
    view.progress?.(running);
    nowMs = 5000;
    view.progress?.({ ...running, epoch: 2 });
    nowMs = 10_000;
    view.progress?.({ ...running, epoch: 2, samples: 0, samplesPerSecond: 0 });
    view.epoch?.(sampleEpoch(2));
    expect(lines).toEqual([
      'started',
      'adag trains mlp on fashion-mnist: 1,000 images, 2 epochs\n2 workers × batch 128, 2 parameter shards, window 4, sgd 0.1',
      'run folder /runs/1',
      'epoch 1/2 250/1,000: 250 samples/s, loss 0.5000, accuracy 25.00 %, staleness 1.00, 7.0 s left',
      'epoch 2/2 250/1,000: 250 samples/s, loss 0.5000, accuracy 25.00 %, staleness 1.00, 3.0 s left',
      'epoch 2/2 0/1,000: 0 samples/s, loss 0.5000, accuracy 25.00 %, staleness 1.00, – left',
      'epoch 2/2: 600 samples/s, loss 0.5000, accuracy 75.00 %, test accuracy 80.00 % (2.0 s)',
    ]);
  });
});

describe('barView', () => {
  it('hides the cursor while there are bars, and brings it back', () => {
    const { stream, text } = fakeTerminal();
    let nowMs = 0;
    const view = barView(stream, { color: false, now: () => nowMs });
    view.progress?.(running);
    view.begin?.(begun);
    expect(text()).not.toContain(HIDE);
    view.progress?.(running);
    expect(text()).toContain(HIDE);
    nowMs = 1000;
    view.progress?.({ ...running, samples: 2000, workers: [] });
    view.epoch?.(sampleEpoch(2));
    expect(text().lastIndexOf(SHOW)).toBeGreaterThan(text().lastIndexOf(HIDE));
    expect(text()).toContain('epoch 2/2: 600 samples/s');
    nowMs = 2000;
    view.progress?.(running);
    expect(text().lastIndexOf(HIDE)).toBeGreaterThan(text().lastIndexOf(SHOW));
    view.stop();
    expect(text().lastIndexOf(SHOW)).toBeGreaterThan(text().lastIndexOf(HIDE));
    const before = text();
    view.stop();
    expect(text()).toBe(before);
  });

  it('counts epochs from 1, and the time that is left of the whole run', async () => {
    const { stream, shown } = fakeTerminal();
    let nowMs = 1000;
    const view = barView(stream, { color: false, now: () => nowMs });
    onTestFinished(() => view.stop());
    view.begin?.(begun);
    view.progress?.(running);
    await shown('epoch 1/2 ');
    // 750 of this epoch's images and all of the next one's, at 250 a second.
    await shown('7.0 s left');
    view.epoch?.({ ...sampleEpoch(2), epoch: 1 });
    nowMs = 2000;
    view.progress?.({ ...running, epoch: 2 });
    await shown('epoch 2/2 ');
    await shown('3.0 s left');
  });

  it('takes the bars away for a line', () => {
    const { stream, text } = fakeTerminal();
    const view = barView(stream, { color: false, now: () => 1e6 });
    view.begin?.(begun);
    view.progress?.(running);
    view.line?.('worker 1 uses engine tfjs-cpu');
    expect(text().lastIndexOf(SHOW)).toBeGreaterThan(text().lastIndexOf(HIDE));
    expect(text()).toMatch(/worker 1 uses engine tfjs-cpu\n$/);
  });

  it('leaves no listener behind', () => {
    const before = (['SIGINT', 'SIGTERM'] as const).map((name) => process.listenerCount(name));
    const view = barView(fakeTerminal().stream, { color: true, now: () => 1e6 });
    view.begin?.(begun);
    view.progress?.(running);
    view.stop();
    expect((['SIGINT', 'SIGTERM'] as const).map((name) => process.listenerCount(name))).toEqual(before);
  });
});

describe('terminalView', () => {
  it('has bars where the terminal can show them, lines elsewhere', () => {
    for (const progressBars of [true, false]) {
      const { stream, text } = fakeTerminal();
      const view = terminalView(stream, { progressBars, color: false }, () => 1e6);
      view.begin?.(begun);
      view.progress?.(running);
      view.stop();
      expect(text().includes(HIDE)).toBe(progressBars);
      expect(text()).toContain('adag trains mlp');
    }
  });
});
