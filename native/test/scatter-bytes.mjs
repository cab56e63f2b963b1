/** Prints whether S of bytes is exact: the process' ONEDNN_MAX_CPU_ISA is what oneDNN sees. */
import { createRequire } from 'node:module';

const addon = createRequire(import.meta.url)('../build/Release/weft.node');
const rows = 1100;

async function isExact(d) {
  let state = 1;
  const x = Uint8Array.from({ length: rows * d }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 31 ? 255 : 0;
  });
  const o = { features: d, device: 'cpu', threads: 1, runtime: '', blas: '', solver: '' };
  const scatter = new addon.PcaScatter(o);
  await scatter.add(x, rows);
  const [s, mean] = [new Float64Array(d * d), new Float64Array(d)];
  await scatter.result(s, mean);
  let worst = 0;
  for (let a = 0; a < d; a += 7) {
    for (let b = 0; b < d; b += 11) {
      let expected = 0;
      for (let i = 0; i < rows; i++) expected += (x[i * d + a] - mean[a]) * (x[i * d + b] - mean[b]);
      worst = Math.max(worst, Math.abs(expected - s[a * d + b]));
    }
  }
  return worst < 1e-4;
}

console.log(JSON.stringify([await isExact(40), await isExact(300)]));
