import { describe, expect, it } from 'vitest';
import { type Page, pageHtml } from '../../src/preprocess/page-html.js';

const report: Page['report'] = {
  name: '<b>bold & "quoted"',
  location: '/made',
  source: { name: 'tiny', location: '/source', inputShape: [4, 4, 3] },
  steps: [{ step: 'pca=4', shape: [4], fitSeconds: 90 }],
  samples: { train: 1000, test: 0 },
  classes: 3,
  inputShape: [4],
  dtype: 'float32',
  pca: { components: 4, varianceKept: 0.9375 },
  testError: null,
  workers: 1,
  keptSamples: 0,
  seconds: 5,
  samplesPerSecond: 10,
};
const picture = { image: 'data:image/png;base64,AA', shape: [28, 28, 1] as const, alt: 'a "shirt"' };

describe('pageHtml', () => {
  it('is one page that says in words what it shows, and escapes names', () => {
    const page = pageHtml({
      report,
      curve: { svg: '<svg></svg>', ratios: [0.5, 0.25, 0.125, 0.0625] },
      learnt: { mean: { pictures: [picture], caption: 'mean' }, components: [] },
      examples: [{ pictures: [{ ...picture, what: 'original' }], caption: '<shirt>' }],
    });
    expect(page).toContain('<h1>&lt;b&gt;bold &amp; &quot;quoted&quot;, preprocessed</h1>');
    expect(page).not.toContain('<b>');
    expect(page).toContain('<html lang="en">');
    expect(page).toContain('alt="a &quot;shirt&quot;"');
    expect(page).toContain('&lt;shirt&gt;');
    expect(page).toContain(
      '4 components explain 93.75 % of the variance of the training images; half of it is in the first 1.',
    );
    expect(page).toMatch(/<th scope="row">4<\/th><td class="number">93\.75 %<\/td>/);
    expect(page).toContain('1 min 30 s');
    expect(page).toContain('Some training images');
    expect(page).toContain('class="squares"');
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page).not.toContain('<script');
  });

  it('leaves out what there is not', () => {
    const page = pageHtml({ report: { ...report, pca: null }, curve: null, learnt: null, examples: [] });
    for (const words of ['Variance explained', 'What was learnt', 'images</h2>', 'variance kept'])
      expect(page).not.toContain(words);
  });
});
