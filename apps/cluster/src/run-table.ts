/** What stands at the end of a run: a table by worker and epoch, the accuracy, the staleness, the folder. */
import { classTable } from './class-table.js';
import { duration, integer, percent, table } from './format.js';
import type { RunReport } from './report.js';
import type { EpochReport } from './run-metrics.js';

const HEAD = [
  'epoch',
  'worker',
  'samples',
  'samples/s',
  'loss',
  'accuracy',
  'data wait',
  'gradient',
  'exchange',
  'staleness',
  'test accuracy',
];

/** A staleness to two digits, or a dash where nothing was pushed. */
const tau = (staleness: number | null): string => (staleness === null ? '–' : staleness.toFixed(2));

function epochRows(e: EpochReport): string[][] {
  const workers = e.workers.map((w) => [
    String(e.epoch),
    String(w.worker),
    integer(w.samples),
    integer(w.samplesPerSecond),
    w.loss.toFixed(4),
    percent(w.accuracy),
    percent(w.dataWaitShare),
    duration(w.gradientSeconds),
    duration(w.exchangeSeconds),
    tau(w.staleness),
    '',
  ]);
  const samples = e.workers.reduce((sum, w) => sum + w.samples, 0);
  const all = [
    String(e.epoch),
    'all',
    integer(samples),
    integer(e.samplesPerSecond),
    e.loss.toFixed(4),
    percent(e.accuracy),
    percent(e.dataWaitShare),
    duration(e.seconds),
    '',
    '',
    percent(e.testAccuracy),
  ];
  return e.workers.length > 1 ? [...workers, all] : [[...(workers[0] ?? []).slice(0, -1), percent(e.testAccuracy)]];
}

/**
 * The text that ends a run on a terminal.
 *
 * @param width characters of a line, for the table of classes
 */
export function runTable(report: RunReport, width: number): string {
  const { staleness: s, samples, perClass } = report;
  const scored = perClass.filter(({ recall }) => recall !== null).length;
  const lines = [
    table([HEAD, ...report.epochs.flatMap(epochRows)]),
    '',
    classTable(perClass, width),
    '',
    `mean recall ${percent(report.meanRecall)} over ${integer(scored)} classes`,
    `test accuracy ${percent(report.testAccuracy)} on split "${report.split}"${report.split === 'npm' ? ' (not comparable to a digit with published figures)' : ''}; always guessing the largest class: ${percent(report.largestClassAccuracy)}`,
    `samples trained ${integer(samples.trained)} of ${integer(samples.expected)}, ${integer(samples.twice)} twice`,
  ];
  if (report.shards > 0)
    lines.push(`staleness mean ${s.mean.toFixed(2)}, median ${s.p50}, 99 % ≤ ${s.p99}, max ${s.max}`);
  lines.push(`run folder ${report.runDir} (${duration(report.seconds)} in all)`);
  return lines.join('\n');
}
