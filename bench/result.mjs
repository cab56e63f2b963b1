// What every benchmark writes: bench/results/NAME.json, and a line a row. ratio > 1 means that weft is better than the best peer.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

export const quick = process.argv.includes('--quick');
const json = process.argv.includes('--json');

/** A line for the reader; on standard error where standard output is the JSON's. */
export const say = (line) => (json ? process.stderr : process.stdout).write(`${line}\n`);

const round = (x) => Number(x.toPrecision(4));

/** Median and the best of a row's values: the least time, or the highest rate. */
export function summary(values, o = { best: 'min' }) {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: round(sorted[sorted.length >> 1]), [o.best]: round(o.best === 'min' ? sorted[0] : sorted.at(-1)) };
}

/** How much better weft's value is than the best peer's; null where no peer ran. */
export function ratioOf(weft, peers, o = { best: 'min' }) {
  const values = peers.filter((p) => Number.isFinite(p));
  if (values.length === 0) return null;
  return round(o.best === 'min' ? Math.min(...values) / weft : weft / Math.max(...values));
}

function cpuFlags() {
  try {
    const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
    return flags.filter((f) => /^(avx|fma|f16c|amx|sse4)/.test(f));
  } catch {
    return [];
  }
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

/** Writes the result of a benchmark, and prints it where --json asks for it. */
export function writeResult(name, { versions, rows, ...more }) {
  const result = {
    machine: `${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}`,
    cpuFlags: cpuFlags(),
    ...more,
    commit: commit(),
    versions: { node: process.version, ...versions },
    rows,
  };
  mkdirSync(new URL('results/', import.meta.url), { recursive: true });
  writeFileSync(new URL(`results/${name}.json`, import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
}
