import type { StepWords } from './step-spellings.js';

const METHODS = ['covariance', 'randomized', 'incremental'] as const;

/** What `pca=…` says about a principal component analysis. */
export interface SpelledPcaOptions {
  /** A count, or a share of variance in (0, 1). */
  readonly components: number;
  readonly whiten?: true;
  readonly method?: (typeof METHODS)[number];
}

/** How pca is spelt. */
export const pcaUsage = `pca=COUNT or pca=SHARE, such as pca=784 or pca=0.95, with :whiten and one of :${METHODS.join(', :')}`;

/**
 * `pca=784`, `pca=0.95:whiten`, `pca=64:randomized` … as options.
 *
 * @returns undefined where it is spelt otherwise
 * @example pcaOptionsOf({ name: 'pca', argument: '784', modifiers: ['whiten'] }) // { components: 784, whiten: true }
 */
export function pcaOptionsOf({ argument = '', modifiers }: StepWords): SpelledPcaOptions | undefined {
  if (!/^(?:[1-9]\d{0,8}|0?\.\d{1,15})$/.test(argument)) return undefined;
  const components = Number(argument);
  const methods = METHODS.filter((method) => modifiers.includes(method));
  const known = modifiers.every((modifier) => modifier === 'whiten' || METHODS.some((method) => method === modifier));
  if (!known || components <= 0 || methods.length > 1 || new Set(modifiers).size < modifiers.length) return undefined;
  const [method] = methods;
  return { components, ...(modifiers.includes('whiten') && { whiten: true }), ...(method && { method }) };
}

/** The one spelling of such options that is kept. @example pcaText({ components: 0.95, whiten: true }) // 'pca=0.95:whiten' */
export function pcaText({ components, whiten, method }: SpelledPcaOptions): string {
  return ['pca=' + components, ...(whiten ? ['whiten'] : []), ...(method ? [method] : [])].join(':');
}
