/** The command line in the process of a test. */
import { afterEach, beforeEach, vi } from 'vitest';
import { main } from '../src/main.js';

/**
 * For a `describe`: what is written while one of its tests runs goes to `said`.
 *
 * @param first words that every command line begins with
 * @returns run, which gives the exit status
 */
export function commandLine(...first: string[]): {
  said: { out: string; err: string };
  run: (...words: string[]) => Promise<number>;
} {
  const said = { out: '', err: '' };
  beforeEach(() => {
    Object.assign(said, { out: '', err: '' });
    for (const [name, stream] of [['out', process.stdout] as const, ['err', process.stderr] as const]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        said[name] += String(chunk);
        return true;
      });
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return { said, run: (...words) => main([...first, ...words]) };
}
