import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseHosts } from '../../src/hosts.js';
import type { PreprocessView } from '../../src/preprocess/preprocess.js';
import { barPreprocessView, linePreprocessView, preprocessView } from '../../src/preprocess/view.js';

const begun = {
  steps: 'pca=4',
  config: { hosts: parseHosts('localhost slots=2', 'hosts.txt') },
  manifest: { name: 'tiny', inputShape: [4, 4, 1], subsets: { train: { samples: 1000 }, test: { samples: 100 } } },
} as unknown as Parameters<NonNullable<PreprocessView['begin']>>[0];
const fit = (rows: number) => ({ step: 'pca=4', pass: 2, passes: 8, rows, totalRows: 1000 });
const transform = (samples: number) => ({
  samples,
  totalSamples: 1100,
  shards: samples / 100,
  totalShards: 11,
  keptSamples: 100,
});

function fakeTerminal() {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 24 });
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

describe('linePreprocessView', () => {
  it('tells of progress every five seconds at most, and of steps at once', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const view = linePreprocessView(
      (line) => lines.push(line),
      () => nowMs,
    );
    view.begin!(begun);
    view.fit!(fit(10));
    nowMs = 5000;
    view.fit!(fit(500));
    view.fitted!({ step: 'pca=4', seconds: 6.25 });
    nowMs = 6000;
    view.transform!(transform(100));
    nowMs = 10_000;
    view.transform!(transform(500));
    view.transform!(transform(600));
    view.line!('a note');
    expect(lines).toEqual([
      'pca=4 of tiny: 1,000 training and 100 test images of 4 × 4 × 1, 2 workers',
      'pca=4: pass 2 of 8, 500/1,000 images',
      'pca=4 fitted in 6.3 s',
      '500/1,100 images  5/11 shards  100 images/s  6.0 s left',
      'a note',
    ]);
  });
});

describe('barPreprocessView', () => {
  it('draws a bar, and brings the cursor back', () => {
    const { stream, text } = fakeTerminal();
    const view = preprocessView(stream, { progressBars: true, color: false }, () => 1000);
    view.begin!(begun);
    view.fit!(fit(500));
    expect(text()).toContain('pass 2 of 8');
    expect(text()).toContain('\u001b[?25l');
    view.stop();
    view.stop();
    expect(text()).toContain('\u001b[?25h');
    const other = fakeTerminal();
    const bar = barPreprocessView(other.stream, { color: false, now: () => 1000 });
    bar.transform!(transform(550));
    bar.line!('a note');
    bar.stop();
    expect(other.text()).toContain('550/1,100 images');
    expect(other.text()).toContain('a note\n');
  });

  it('is lines where there is no terminal', () => {
    const { stream, text } = fakeTerminal();
    preprocessView(stream, { progressBars: false, color: false }, () => 0).line!('a note');
    expect(text()).toBe('a note\n');
  });
});
