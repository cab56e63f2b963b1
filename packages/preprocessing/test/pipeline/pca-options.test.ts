import { describe, expect, it } from 'vitest';
import { pcaOptionsOf, pcaText } from '../../src/pipeline/pca-options.js';

const optionsOf = (argument: string | undefined, ...modifiers: string[]) =>
  pcaOptionsOf({ name: 'pca', argument, modifiers });

describe('pcaOptionsOf', () => {
  it('reads a count or a share, and the modifiers', () => {
    expect(optionsOf('784')).toEqual({ components: 784 });
    expect(optionsOf('0.95', 'whiten')).toEqual({ components: 0.95, whiten: true });
    expect(optionsOf('.5', 'randomized')).toEqual({ components: 0.5, method: 'randomized' });
    expect(optionsOf('8', 'incremental', 'whiten')).toEqual({ components: 8, whiten: true, method: 'incremental' });
    expect(optionsOf('8', 'covariance')).toEqual({ components: 8, method: 'covariance' });
  });

  it.each<[string | undefined, ...string[]]>([
    [undefined],
    ['0'],
    ['-1'],
    ['1.0'],
    ['1.5'],
    ['0.0'],
    ['1e3'],
    ['28x28'],
    ['8', 'fast'],
    ['8', 'whiten', 'whiten'],
    ['8', 'covariance', 'randomized'],
  ])('refuses %s %s %s', (argument, ...modifiers) => {
    expect(optionsOf(argument, ...modifiers)).toBeUndefined();
  });
});

describe('pcaText', () => {
  it('spells options in one way', () => {
    for (const text of ['pca=784', 'pca=0.95:whiten', 'pca=8:whiten:incremental', 'pca=0.5:randomized']) {
      const [argument, ...modifiers] = text.slice('pca='.length).split(':') as [string, ...string[]];
      expect(pcaText(optionsOf(argument, ...modifiers)!)).toBe(text);
    }
    expect(pcaText(optionsOf('.50', 'randomized', 'whiten')!)).toBe('pca=0.5:whiten:randomized');
  });
});
