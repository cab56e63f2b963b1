import { describe, expect, it } from 'vitest';
import { Turns } from '../src/turns.js';

describe('Turns', () => {
  it('runs so many at a time, the others in their order', async () => {
    const turns = new Turns(2);
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const all = ['a', 'b', 'c', 'd'].map((name) =>
      turns.run(async () => {
        log.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
        return name;
      }),
    );
    expect(log).toEqual(['a', 'b']);
    ends[1]!();
    expect(await all[1]).toBe('b');
    expect(log).toEqual(['a', 'b', 'c']);
    ends[0]!();
    await all[0];
    expect(log).toEqual(['a', 'b', 'c', 'd']);
    for (const end of ends) end();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives a turn on when the work fails', async () => {
    const turns = new Turns(1);
    const failing = turns.run(() => Promise.reject(new Error('no')));
    const next = turns.run(async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});
