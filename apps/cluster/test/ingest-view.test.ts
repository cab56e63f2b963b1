import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { barIngestView, ingestView, lineIngestView } from '../src/ingest-view.js';

const at = (samples: number, totalSamples: number | null = 1000) => ({
  samples,
  totalSamples,
  bytes: samples * 1000,
  keptSamples: 100,
});

function fakeTerminal(): { stream: NodeJS.WriteStream; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 24 });
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}
const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';

describe('lineIngestView', () => {
  it('tells at most every five seconds, the speed without what was there already', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const view = lineIngestView(
      (line) => lines.push(line),
      () => nowMs,
    );
    view.source({ stage: 'list', done: 1000, total: null });
    view.line('goes on');
    view.progress(at(100));
    nowMs = 4999;
    view.progress(at(200));
    nowMs = 5000;
    view.progress(at(600));
    nowMs = 10_000;
    view.source({ stage: 'list', done: 12_000, total: null });
    nowMs = 15_000;
    view.source({ stage: 'read', done: 3, total: 10 });
    nowMs = 20_000;
    view.progress(at(700, null));
    expect(lines).toEqual([
      'goes on',
      '600/1,000 images  600.0 kB  100.0 kB/s  4.0 s left',
      '12,000 files found',
      'file 3 of 10 read',
      '700 images  700.0 kB  30.0 kB/s',
    ]);
  });
});

describe('barIngestView', () => {
  it('hides the cursor while there is a bar, brings it back, and makes room for a line', () => {
    const { stream, text } = fakeTerminal();
    let nowMs = 1000;
    const view = barIngestView(stream, { color: false, now: () => nowMs });
    view.source({ stage: 'read', done: 1, total: 10 });
    expect(text()).toContain(HIDE);
    nowMs = 2000;
    view.progress(at(500));
    nowMs = 3000;
    view.progress(at(600, null));
    view.line('goes on');
    expect(text().lastIndexOf(SHOW)).toBeGreaterThan(text().lastIndexOf(HIDE));
    expect(text()).toMatch(/goes on\n$/);
    nowMs = 4000;
    view.progress(at(1000));
    view.stop();
    expect(text().lastIndexOf(SHOW)).toBeGreaterThan(text().lastIndexOf(HIDE));
    const before = text();
    view.stop();
    expect(text()).toBe(before);
  });
});

describe('ingestView', () => {
  it('has a bar where the terminal can show it, lines elsewhere', () => {
    for (const progressBars of [true, false]) {
      const { stream, text } = fakeTerminal();
      const view = ingestView(stream, { progressBars, color: false }, () => 1e6);
      view.progress(at(1));
      view.line('a line');
      view.stop();
      expect(text().includes(HIDE)).toBe(progressBars);
      expect(text()).toContain('a line');
    }
  });
});
