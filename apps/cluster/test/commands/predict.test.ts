import { describe, expect, it } from 'vitest';
import { commandLine } from '../command-line.js';
import { finishedRun, imageFiles, rowImage } from '../finished-run.js';

const { said, run } = commandLine('predict');

describe('cluster predict', { timeout: 60_000 }, () => {
  it('prints a line an image, the best classes with their probabilities', async () => {
    const at = imageFiles({ 'a.png': rowImage(1), 'b.png': rowImage(2) });
    const folder = await finishedRun();
    expect(await run(folder, at('a.png'), at('b.png'))).toBe(0);
    expect(said.out).toBe(
      `${at('a.png')}  middle 96.47 %, upper 1.77 %, lower 1.77 %\n${at('b.png')}  lower 96.47 %, upper 1.77 %, middle 1.77 %\n`,
    );
    said.out = '';
    expect(await run(folder, at('a.png'), '--top', '1', '--json')).toBe(0);
    expect(JSON.parse(said.out)).toEqual([
      { image: at('a.png'), classes: [{ label: 1, name: 'middle', probability: expect.closeTo(0.9647, 4) }] },
    ]);
    expect(said.err).toBe('');
  });

  it('names each image that cannot be read in a line, and predicts the others', async () => {
    const at = imageFiles({ 'a.png': rowImage(0), 'bad.png': 'x', 'empty.png': '' });
    const folder = await finishedRun();
    const images = ['bad.png', 'a.png', 'empty.png'].map(at);
    expect(await run(folder, ...images)).toBe(1);
    expect(said.out).toMatch(/^[^\n]*a\.png {2}upper 96\.47 %[^\n]*\n$/);
    expect(said.err).toMatch(/^error: [^\n]*bad\.png: expected an image[^\n]*\nerror: [^\n]*empty\.png: [^\n]*\n$/);
    said.out = '';
    expect(await run(folder, ...images, '--json')).toBe(1);
    expect(JSON.parse(said.out)).toMatchObject([
      { image: images[0], error: expect.stringMatching(/bad\.png: /) },
      { image: images[1], classes: [{ name: 'upper' }, {}, {}] },
      { error: expect.stringMatching(/an empty file$/) },
    ]);
  });

  it.each([
    [['/nowhere'], 2, "missing required argument 'image'"],
    [['/nowhere', 'a.png'], 1, 'run folder /nowhere: the folder of a finished run expected, it has no config.json'],
    [['/nowhere', 'a.png', '--top', '0'], 2, '--top: a whole number from 1 to 99999 expected, got "0"'],
  ])('answers %j with %i and one line', async (words, status, problem) => {
    expect(await run(...words)).toBe(status);
    expect(said.err).toMatch(/^error: [^\n]+\n$/);
    expect(said.err).toContain(problem);
    expect(said.out).toBe('');
  });
});
