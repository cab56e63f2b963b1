// `pnpm bench NAME [--quick] [--json]`: measures weft beside its peers in one run. Without a name: lists them.
import { setUp } from '../scripts/setup.mjs';

/** Each benchmark is bench/NAME.mjs. */
const BENCHES = {
  step: { of: '@weft/native', what: 'training steps and inference, beside PyTorch and TensorFlow' },
  pca: {
    of: '@weft/preprocessing',
    what: 'principal component analysis, beside scikit-learn and PyTorch',
  },
  hdfs: {
    of: '@weft/hdfs-loader',
    what: "reading from a real HDFS, beside Hadoop's Java client and curl",
  },
  ingest: {
    of: '@weft/hdfs-loader',
    what: 'JPEG files to uint8 shards, beside Pillow and torchvision',
  },
  transport: {
    of: '@weft/transport',
    what: 'frames beside iperf3 and bare Node sockets, all-reduce beside Open MPI and gloo',
  },
};

const [name, ...flags] = process.argv.slice(2).filter((word) => word !== '--');
const list = () =>
  Object.entries(BENCHES)
    .map(([key, { what }]) => `  ${key.padEnd(14)} ${what}\n`)
    .join('');

if (name === '--package') {
  const own = Object.entries(BENCHES).filter(([, bench]) => bench.of === flags[0]);
  if (own.length === 0) process.stdout.write(`${flags[0]}: no benchmark of its own\n`);
  else setUp();
  for (const [key] of own) await import(`./${key}.mjs`);
} else if (name === undefined || name === '--help') {
  process.stdout.write(`pnpm bench NAME [--quick] [--json]\n${list()}`);
} else if (Object.hasOwn(BENCHES, name)) {
  setUp();
  await import(`./${name}.mjs`);
} else {
  process.stderr.write(`error: bench: one of ${Object.keys(BENCHES).join(', ')} expected, got "${name}"\n`);
  process.exitCode = 2;
}
