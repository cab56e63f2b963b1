import { describe, expect, it } from 'vitest';
import { runTable } from '../src/run-table.js';
import { sampleEpoch, sampleReport } from './sample-report.js';

describe('runTable', () => {
  it('shows each worker and all together, accuracy, samples, staleness and folder', () => {
    const lines = runTable(sampleReport(), 80).split('\n');
    expect(lines[0]).toMatch(
      /^epoch +worker +samples +samples\/s +loss +accuracy +data wait +gradient +exchange +staleness +test accuracy$/,
    );
    expect(lines[2]).toMatch(/^2 +0 +600 +300 +0\.5000 +75\.00 % +1\.00 % +1\.5 s +0\.3 s +0\.75 *$/);
    expect(lines[3]).toMatch(/^2 +1 +600/);
    expect(lines[4]).toMatch(/^2 +all +1,200 +600 +0\.5000 +75\.00 % +1\.00 % +2\.0 s +80\.00 %$/);
    expect(lines.slice(5)).toEqual([
      '',
      'class        test images          recall',
      '───────────  ───────────  ──────────────',
      'T-shirt/top           60         75.00 %',
      'Trouser               40         87.50 %',
      'Cape                   0  no test images',
      '',
      'mean recall 81.25 % over 2 classes',
      'test accuracy 80.00 % on split "npm" (not comparable to a digit with published figures); always guessing the largest class: 60.00 %',
      'samples trained 1,200 of 1,200, 0 twice',
      'staleness mean 0.75, median 1, 99 % ≤ 3, max 4',
      'run folder /runs/1 (1 min 15 s in all)',
    ]);
  });

  it('has one row for one worker, and no staleness without shards', () => {
    const [epoch] = [sampleEpoch(1)];
    const workers = epoch.workers.map((w) => ({ ...w, staleness: null }));
    const text = runTable(sampleReport({ shards: 0, split: 'official', epochs: [{ ...epoch, workers }] }), 80);
    expect(text.split('\n')[2]).toMatch(/^2 +0 +600 .* – +80\.00 %$/);
    expect(text).not.toContain('all  ');
    expect(text).not.toContain('staleness mean');
    expect(text).toContain('on split "official"; always guessing');
  });
});
