import { describe, expect, it } from 'vitest';
import { Notes } from '../../src/preprocess/notes.js';

function files(held: Record<string, string> = {}) {
  return {
    held,
    readFile: async (name: string) => (name in held ? Buffer.from(held[name]!) : null),
    writeFile: async (name: string, data: unknown) => {
      held[name] = Buffer.from(data as Uint8Array).toString();
    },
  };
}

describe('Notes', () => {
  it('outlives a process', async () => {
    const there = files();
    const notes = await Notes.open(there);
    expect(notes.fitSeconds(2)).toBeNull();
    await notes.fitted(2, 1.5);
    await notes.fitted(3, 4);
    const later = await Notes.open(there);
    expect([2, 3, 4].map((step) => later.fitSeconds(step))).toEqual([1.5, 4, null]);
  });

  it.each(['', 'no JSON', '{"fitSeconds":{"1":"long"}}'])('takes %j for nothing', async (text) => {
    expect((await Notes.open(files({ 'notes.json': text }))).fitSeconds(1)).toBeNull();
  });
});
