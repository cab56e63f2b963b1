/** How much of the variance the first components explain, as a chart. */

/** Replaced by the page's own colour, which is another one on a dark ground. */
export const CURVE_COLOR = '#0b6e99';

/** Σ of the first i + 1 shares. @example cumulative([0.5, 0.25]) // [0.5, 0.75] */
export function cumulative(ratios: ArrayLike<number>): number[] {
  let sum = 0;
  return Array.from(ratios, (ratio) => {
    sum += ratio;
    return sum;
  });
}

/** Text takes the colour of the page's. */
const INK = {
  labelColor: 'currentColor',
  titleColor: 'currentColor',
  domainColor: 'currentColor',
  tickColor: 'currentColor',
};

/**
 * Draws the curve.
 *
 * @param ratios share of the variance that each component explains, the largest first
 * @returns an SVG element
 */
export async function varianceCurve(ratios: ArrayLike<number>): Promise<string> {
  // A second to load, and for this page only.
  const [{ compile }, vega] = await Promise.all([import('vega-lite'), import('vega')]);
  const values = [
    { components: 0, variance: 0 },
    ...cumulative(ratios).map((variance, i) => ({ components: i + 1, variance })),
  ];
  const { spec } = compile({
    width: 640,
    height: 260,
    background: 'transparent',
    data: { values },
    mark: { type: 'area', line: { color: CURVE_COLOR, strokeWidth: 2.5 }, color: CURVE_COLOR, opacity: 0.18 },
    encoding: {
      x: { field: 'components', type: 'quantitative', title: 'components', scale: { domain: [0, ratios.length] } },
      y: {
        field: 'variance',
        type: 'quantitative',
        title: 'variance explained',
        scale: { domain: [0, 1] },
        axis: { format: '.0%' },
      },
    },
    config: {
      view: { stroke: null },
      axis: {
        ...INK,
        gridColor: 'currentColor',
        gridOpacity: 0.14,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 500,
      },
      font: 'inherit',
    },
  });
  return await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}
