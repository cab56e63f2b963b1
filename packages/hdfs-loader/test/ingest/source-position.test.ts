import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { ShardPlace } from '../../src/dataset-writer.js';
import type { JournalledShard } from '../../src/ingest/journal.js';
import { positionOf, readPosition } from '../../src/ingest/source-position.js';
import { badFiles, photograph } from '../bad-files.js';
import { writeFiles } from '../image-folder.js';
import { scratchFolder } from '../scratch-folder.js';

const shard = (samples: number, extra?: unknown): JournalledShard => ({
  file: 'train-00000.safetensors',
  samples,
  bytes: 1,
  sha256: '',
  perClass: [],
  range: [0, 0],
  ...(extra !== undefined && { extra }),
});
const place = (o: Partial<ShardPlace>): ShardPlace => ({ subset: 'train', index: 0, next: null, leftOut: [], ...o });

describe('positionOf and readPosition', () => {
  it('keep where a source stood, and what it had left out, as JSON', () => {
    const leftOut = [{ file: 'a/1.jpg', subset: 'train', reason: 'cmyk' }] as const;
    const extra: unknown = JSON.parse(JSON.stringify(positionOf(place({ next: 12, leftOut }))));
    expect(readPosition([shard(5, { next: 6, leftOut: [] }), shard(5, extra)], 'd')).toEqual({ next: 12, leftOut });
  });

  it('count samples where nothing is left out', () => {
    expect(positionOf(place({}))).toBeUndefined();
    expect(readPosition([shard(5), shard(4)], 'd')).toEqual({ next: 9, leftOut: [] });
    expect(readPosition([], 'd')).toEqual({ next: 0, leftOut: [] });
  });

  it('refuse what another program has written', () => {
    expect(() => readPosition([shard(5, { next: -1 })], '/x')).toThrow(
      expect.objectContaining({
        code: 'OTHER_INGEST',
        message: expect.stringMatching(/^\/x: train-00000.*--restart$/),
      }),
    );
  });
});

describe('an ingest that leaves files out', () => {
  it('makes the same bytes and the same report, wherever it is killed', { timeout: 240_000 }, async () => {
    const parent = scratchFolder();
    const from = join(parent, 'photos');
    const good = await photograph().resize(4, 4).png().toBuffer();
    for (let i = 0; i < 14; i++) writeFiles(from, { [`${i % 2 === 0 ? 'a' : 'b'}/${i}.png`]: good });
    for (const [name, [, bytes]] of Object.entries(await badFiles())) writeFiles(from, { [`b/${name}`]: bytes });
    writeFiles(from, { 'a/notes.txt': 'x', 'a/.DS_Store': 'x' });
    const script = fileURLToPath(new URL('../bad-images-process.mjs', import.meta.url));
    const run = (to: string, n = -1) => promisify(execFile)(process.execPath, [script, from, to, `${n}`]);
    const contents = (dir: string) => readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'base64')]);
    const changes = Number((await run(join(parent, 'd'))).stdout);
    const whole = contents(join(parent, 'd'));
    expect(whole.map(([name]) => name)).toContain('bad-images.json');
    expect(changes).toBeGreaterThan(8);
    for (let n = 2; n < changes; n += 3) {
      const to = join(parent, `d${n}`);
      await expect(run(to, n)).rejects.toMatchObject({ signal: 'SIGKILL' });
      // Behind the last rename there is nothing left to do.
      if (!existsSync(to)) await run(to);
      expect(contents(to), `killed before change ${n}`).toEqual(whole);
    }
  });
});
