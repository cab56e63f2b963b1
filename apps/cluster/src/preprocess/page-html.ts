/** The page of a report as HTML: numbers and pictures in, text out. */
import { duration, integer, percent } from '../format.js';
import type { PictureShape } from './picture.js';
import type { PreprocessReport } from './report.js';
import { CURVE_COLOR, cumulative } from './variance-curve.js';

/** A picture of a page. */
interface Picture {
  /** A data URI. */
  readonly image: string;
  readonly shape: PictureShape;
  readonly alt: string;
  /** Written below it. */
  readonly what?: string;
}

/** Pictures with one caption. */
export interface Figure {
  readonly pictures: readonly Picture[];
  readonly caption: string;
}

export interface Page {
  readonly report: PreprocessReport;
  readonly curve: { readonly svg: string; readonly ratios: ArrayLike<number> } | null;
  readonly learnt: { readonly mean: Figure; readonly components: readonly Figure[] } | null;
  readonly examples: readonly Figure[];
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6570; --ground: #fbfbfa; --card: #fff; --line: #e3e5e8; --accent: ${CURVE_COLOR}; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3abb5; --ground: #15181c; --card: #1d2126; --line: #333a42; --accent: #58b8e0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .35rem; }
p { margin: 0 0 1rem; max-width: 46rem; }
.soft, figcaption, dt, caption { color: var(--soft); }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(12.5rem, 45%), 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
dt { font-size: .82rem; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem 1.75rem .35rem 0; border-bottom: 1px solid var(--line); font-weight: 400; white-space: nowrap; }
thead th { color: var(--soft); font-size: .85rem; } .number { text-align: right; }
figure { margin: 0; } figcaption { font-size: .82rem; margin-top: .3rem; overflow-wrap: anywhere; }
.chart svg { width: 100%; height: auto; max-width: 46rem; font-family: inherit; }
.chart [stroke="${CURVE_COLOR}"] { stroke: var(--accent); } .chart [fill="${CURVE_COLOR}"] { fill: var(--accent); }
.learnt { display: grid; grid-template-columns: 13.6rem 1fr; gap: 1.4rem; align-items: start; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(4.6rem, 1fr)); gap: .9rem; }
@media (max-width: 40rem) { .learnt { grid-template-columns: 1fr; } .learnt > figure { max-width: 13.6rem; } }
.examples { display: flex; flex-wrap: wrap; gap: 1.4rem 2.2rem; }
.row { display: flex; gap: .6rem; } .row span { flex: 0 1 6rem; min-width: 0; font-size: .75rem; color: var(--soft); }
img { display: block; width: 100%; height: auto; border-radius: .35rem; border: 1px solid var(--line); }
.squares { image-rendering: pixelated; }
summary { cursor: pointer; color: var(--soft); } details { margin-top: .5rem; }
`;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c]!);
const shape = (sizes: readonly number[]): string => sizes.join(' × ');

function factsOf(r: PreprocessReport): [name: string, value: string][] {
  return [
    ['training images', integer(r.samples.train)],
    ['test images', integer(r.samples.test)],
    ['classes', integer(r.classes)],
    ['an image was', shape(r.source.inputShape)],
    ['a sample is', shape(r.inputShape)],
    ['values are', r.dtype],
    ...(r.pca ? ([['variance kept', percent(r.pca.varianceKept)]] as [string, string][]) : []),
    ['took', `${duration(r.seconds)}, ${r.workers} worker${r.workers === 1 ? '' : 's'}`],
  ];
}

function stepsTable({ steps }: PreprocessReport): string {
  const rows = steps.map(({ step, shape: sizes, fitSeconds }) => {
    const fit = fitSeconds === null ? '–' : duration(fitSeconds);
    return `<tr><th scope="row"><code>${escapeHtml(step)}</code></th><td>${shape(sizes)}</td><td class="number">${fit}</td></tr>`;
  });
  return `<div class="scroll"><table>
<thead><tr><th scope="col">step</th><th scope="col">a sample then is</th><th scope="col" class="number">learnt in</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** Components whose sums a table shows: 1, 2, 4, … and the last. */
const powers = (count: number): number[] =>
  Array.from({ length: Math.floor(Math.log2(count)) + 1 }, (_, i) => 2 ** i).concat(
    Math.log2(count) % 1 === 0 ? [] : [count],
  );

function curveSection({ svg, ratios }: NonNullable<Page['curve']>): string {
  const sums = cumulative(ratios);
  const half = sums.findIndex((sum) => sum >= 0.5) + 1;
  const all = `${integer(sums.length)} components explain ${percent(sums.at(-1) ?? 0)} of the variance of the training images`;
  const text = half > 0 ? `${all}; half of it is in the first ${integer(half)}.` : `${all}.`;
  const rows = powers(sums.length).map(
    (k) => `<tr><th scope="row">${integer(k)}</th><td class="number">${percent(sums[k - 1]!)}</td></tr>`,
  );
  return `<h2>Variance explained</h2>
<p>${text}</p>
<figure class="chart" role="img" aria-label="${escapeHtml(`Curve of the variance explained: ${text}`)}">${svg}</figure>
<details><summary>The same in numbers</summary><table>
<thead><tr><th scope="col">components</th><th scope="col" class="number">variance explained</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></details>`;
}

/** Below, pixels are shown as the squares that they are. */
const FEW_PIXELS = 64;

function imgOf({ image, alt, shape: [height, width] }: Picture): string {
  const squares = width <= FEW_PIXELS ? ' class="squares"' : '';
  return `<img${squares} src="${image}" width="${width}" height="${height}" alt="${escapeHtml(alt)}">`;
}

function figure({ pictures, caption }: Figure): string {
  const isRow = pictures.some(({ what }) => what !== undefined);
  const images = pictures.map((picture) => {
    const { what } = picture;
    return isRow ? `<span>${imgOf(picture)}${escapeHtml(what ?? '')}</span>` : imgOf(picture);
  });
  const all = isRow ? `<div class="row">${images.join('')}</div>` : images.join('');
  return `<figure>${all}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function learntSection({ mean, components }: NonNullable<Page['learnt']>): string {
  return `<h2>What was learnt</h2>
<p class="soft">The mean image, and the first ${components.length} components with the share of the variance that each explains. Gray is zero.</p>
<div class="learnt">${figure(mean)}<div class="grid">${components.map(figure).join('\n')}</div></div>`;
}

function examplesSection(examples: readonly Figure[], { samples, testError }: PreprocessReport): string {
  const some = samples.test > 0 ? 'test' : 'training';
  const lost = testError
    ? `<p>Restored from what is kept, the test images differ by ${testError.rmse.toPrecision(3)} a value (root mean square); ` +
      `${percent(testError.varianceLost)} of their variance is lost.</p>`
    : '';
  return `<h2>Some ${some} images</h2>
${lost}<div class="examples">${examples.map(figure).join('\n')}</div>`;
}

/**
 * Writes the page.
 *
 * @example pageHtml({ report, curve: null, learnt: null, examples: [] }).startsWith('<!doctype html>')
 */
export function pageHtml({ report, curve, learnt, examples }: Page): string {
  const facts = factsOf(report).map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`);
  const hasPictures = examples.some(({ pictures }) => pictures.length > 0);
  const sections = [
    curve ? curveSection(curve) : '',
    learnt ? learntSection(learnt) : '',
    hasPictures ? examplesSection(examples, report) : '',
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(report.name)}, preprocessed</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(report.name)}, preprocessed</h1>
<p class="soft">from ${escapeHtml(report.source.name)} at <code>${escapeHtml(report.source.location)}</code> by weft</p>
<dl>${facts.join('')}</dl>
<h2>Steps</h2>
${stepsTable(report)}
${sections.filter((section) => section !== '').join('\n')}
</main>
</body>
</html>
`;
}
