// A process of dataset-cache.test.ts: makes a cached data set; with "die", kills itself after the first shard.
import { cachedDataset, samplesSource } from '../dist/index.js';

const [, , cacheDir, mode] = process.argv;
const samples = (count) => ({
  inputs: new Uint8Array(count * 4),
  labels: new Uint16Array(count),
  count,
  features: 4,
});
const source = samplesSource({
  name: 'shared',
  split: 'official',
  note: '',
  inputShape: [2, 2, 1],
  labelNames: ['a'],
  fingerprint: 'feedface',
  train: samples(400),
  test: samples(5),
});
const onProgress = mode === 'die' ? () => process.kill(process.pid, 'SIGKILL') : undefined;
const notices = [];
const result = await cachedDataset(source, cacheDir, {
  shardSamples: 20,
  onNotice: (line) => notices.push(line),
  ...(onProgress && { onProgress }),
});
process.stdout.write(JSON.stringify({ ...result, notices: notices.length }));
