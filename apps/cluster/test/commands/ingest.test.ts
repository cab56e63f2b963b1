import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../command-line.js';
import { scratchFolder } from '../tiny-dataset.js';

const { said, run } = commandLine('ingest');
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** `rows` rows of 2 × 2 in three classes. */
function csv(rows: number): string {
  const path = join(scratchFolder(), 'tiny.csv');
  writeFileSync(path, Array.from({ length: rows }, (_, i) => `${i % 3},${i % 256},0,0,255`).join('\n'));
  return path;
}

describe('cluster ingest', { timeout: 60_000 }, () => {
  it('makes a data set and says so in one line', async () => {
    const dest = join(scratchFolder(), 'd');
    expect(await run(csv(30), dest, '--shard-size', '60B', '--test-share', '0.2')).toBe(0);
    expect(said.out).toMatch(
      /^tiny: 24 training and 6 test images of 2 × 2 × 1, 3 classes, in 4 shards, [\d.]+ k?B: .*\/d \(.* images\/s\)\n$/,
    );
    expect(readdirSync(dest)).toContain('manifest.json');
    expect(await run(csv(30), dest)).toBe(1);
    expect(said.err).toMatch(
      /^error: \/.*\/d: expected no such folder, or an empty one; --overwrite replaces a data set\n$/,
    );
    expect(await run(csv(9), dest, '--overwrite', '--json', '--name', 'other')).toBe(0);
    expect(JSON.parse(said.out.split('\n').at(-2)!)).toMatchObject({
      location: dest,
      madeSamples: 9,
      keptSamples: 0,
      manifest: { name: 'other', version: 2 },
    });
  });

  it.each([
    [['x'], 2, "missing required argument 'dest'"],
    [['x', 'y', 'z'], 2, 'too many arguments'],
    [['x', 'y', '--shard-size', 'big'], 2, '--shard-size: a number of bytes as 64MiB expected, got "big"'],
    [['x', 'y', '--shard-size', '2GiB'], 1, 'no such file'],
    [['x', 'ftp://y/z'], 2, 'expected a path, file:, hdfs:'],
    [['/nowhere/x', 'y'], 1, 'cannot read /nowhere/x'],
    [['x', 'y', '--channels', '2'], 2, '--channels: 1 or 3 expected'],
    [['x', 'y', '--hdfs-token', '/nowhere/token'], 2, '--hdfs-token /nowhere/token: '],
  ])('answers %j with %i and one line', async (words, status, problem) => {
    expect(await run(...words)).toBe(status);
    expect(said.err).toMatch(/^error: [^\n]+\n$/);
    expect(said.err).toContain(problem);
    expect([said.out, existsSync('y')]).toEqual(['', false]);
  });

  it('names the file and row of what it refuses, and leaves nothing', async () => {
    const source = csv(3);
    writeFileSync(source, '1,2,3,4,5\n1,2,3,4,256');
    const parent = scratchFolder();
    expect(await run(source, join(parent, 'd'))).toBe(1);
    expect(said.err).toMatch(/error: .*tiny\.csv: line 2, column 5: expected an integer of 0 to 255, got "256"\n$/);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('stops at a bad image and says how to go on; leaves it out and says so', async () => {
    const parent = scratchFolder();
    const [photos, dest] = [join(parent, 'photos'), join(parent, 'd')];
    // A GIF of one white pixel.
    const pixel = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64');
    for (const label of ['a', 'b']) {
      mkdirSync(join(photos, label), { recursive: true });
      for (let i = 0; i < 5; i++) writeFileSync(join(photos, label, `${i}.gif`), pixel);
    }
    writeFileSync(join(photos, 'a', 'broken.gif'), pixel.subarray(0, 30));
    writeFileSync(join(photos, 'b', 'notes.txt'), 'mine');
    expect(await run(photos, dest)).toBe(1);
    expect(said.err).toMatch(
      /^error: .*\/b\/notes\.txt: expected an image .* \(not-an-image\); --on-bad-image skip leaves such files out\n$/,
    );
    expect(readdirSync(parent)).toEqual(['photos']);
    said.err = '';
    expect(await run(photos, dest, '--on-bad-image', 'skip', '--json')).toBe(0);
    expect(said.err).toMatch(
      /^2 files were left out: 1 not-an-image, 1 truncated: .*\/d\/bad-images\.json names them\n$/,
    );
    expect(JSON.parse(said.out)).toMatchObject({
      madeSamples: 10,
      leftOut: { total: 2, reasons: { 'not-an-image': 1, truncated: 1 } },
    });
    expect(readdirSync(dest)).toContain('bad-images.json');
  });

  it('stops in order at Ctrl-C, and the same command goes on', async () => {
    const parent = scratchFolder();
    const dest = join(parent, 'd');
    const source = csv(40_000);
    const words = ['ingest', source, dest, '--shard-size', '600B'];
    const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    const staging = join(parent, '.d.ingest', 'data');
    while (!existsSync(staging) || readdirSync(staging).length < 3) await new Promise(setImmediate);
    child.kill('SIGINT');
    const [status] = (await once(child, 'close')) as [number];
    expect(status).toBe(130);
    expect(told).toMatch(
      /error: interrupted: the ingest was stopped before its end; the same command goes on behind the shards that are finished\n$/,
    );
    expect(readdirSync(parent)).toEqual(['.d.ingest']);
    expect(await run(...words.slice(1))).toBe(0);
    expect(said.err).toMatch(/goes on behind [\d,]+ samples in \//);
    expect(said.out).toMatch(/^tiny: 36,001 training and 3,999 test images/);
    expect(readdirSync(parent)).toEqual(['d']);
  });

  it('keeps another source from mixing with what was begun, until it is told to', async () => {
    const parent = scratchFolder();
    const staging = join(parent, '.d.ingest');
    mkdirSync(staging, { recursive: true });
    const plan = { fingerprint: 'ab', name: 'x', shardSamples: 1 };
    writeFileSync(join(staging, 'journal.json'), JSON.stringify({ format: 'weft-ingest', version: 2, plan }));
    expect(await run(csv(9), join(parent, 'd'))).toBe(1);
    expect(said.err).toMatch(
      /holds a begun ingest with another source, or options of it: .* begin anew with --restart\n$/,
    );
    expect(await run(csv(9), join(parent, 'd'), '--restart')).toBe(0);
  });
});
