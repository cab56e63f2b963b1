import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createModel, saveModel } from '@weft/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cluster } from './cluster-command.js';
import { writeIdxImages } from './idx-images.js';

let dir = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weft-bad-'));
  writeIdxImages(join(dir, 'images'), { train: 200, test: 50 });
  writeIdxImages(join(dir, 'truncated'), { train: 200, test: 50 });
  const file = join(dir, 'truncated/train-images-idx3-ubyte.gz');
  writeFileSync(file, readFileSync(file).subarray(0, 5000));
  mkdirSync(join(dir, 'empty'));
  writeFileSync(join(dir, 'hosts-slots.txt'), 'localhost\n\nnode2 slots=many # two of them\n');
  writeFileSync(join(dir, 'hosts-remote.txt'), '# hosts\nlocalhost\nnode7.example slots=2\n');
  writeFileSync(join(dir, 'hosts-empty.txt'), '# nobody\n');
  writeFileSync(join(dir, 'not-json.json'), 'Model');
  await saveModel(createModel('mlp', { seed: 1, inputShape: [28, 28, 1], classes: 7 }), join(dir, 'seven'));
  await saveModel(createModel('mlp', { seed: 1, inputShape: [8, 8, 1], classes: 10 }), join(dir, 'small'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Every one ends with one line on standard error that has these words, and a status that is not 0. */
const CASES: readonly [args: string, words: readonly string[]][] = [
  ['--trainer sgd', ['--trainer', 'single, downpour, aeasgd, adag', '"sgd"']],
  ['--model vgg', ['--model', 'mlp, cnn', '"vgg"']],
  ['--optimizer lion', ['--optimizer', 'adam', '"lion"']],
  ['--engine cuda', ['--engine', 'tfjs', '"cuda"']],
  ['--batch-size -5', ['--batch-size', '"-5"']],
  ['--batch-size 0', ['--batch-size', '"0"']],
  ['--batch-size 1e3', ['--batch-size', '"1e3"']],
  ['--batch-size 101', ['--batch-size', 'at most 100', '101']],
  ['--window 2.5', ['--window', '"2.5"']],
  ['--epochs many', ['--epochs', '"many"']],
  ['--shards 0', ['--shards', '"0"']],
  ['--learning-rate -1', ['--learning-rate', '"-1"']],
  ['--learning-rate NaN', ['--learning-rate', '"NaN"']],
  ['--seed x', ['--seed', '"x"']],
  ['--threads 0', ['--threads', '"0"']],
  ['--shuffle-buffer lots', ['--shuffle-buffer', '256MiB', '"lots"']],
  ['--shuffle-buffer 10TiB', ['--shuffle-buffer', '"10TiB"']],
  ['--augment turn', ['--augment', 'flip', '"turn"']],
  ['--augment shift=0', ['--augment', 'shift=N', '"shift=0"']],
  ['--dataset ftp://host/x', ['--dataset', 'hdfs:', 'ftp:']],
  ['--dataset hdfs://', ['--dataset']],
  ['--dataset hdfs://host:99999/x', ['--dataset', 'host:99999']],
  ['--run-dir /proc/nowhere/run', ['--run-dir', '/proc/nowhere']],
  ['--hdfs-token DIR/nowhere', ['--hdfs-token', 'nowhere']],
  ['--set beta', ['--set', 'NAME=VALUE', '"beta"']],
  ['--set gama=1', ['--set', 'gama']],
  ['--trainer aeasgd --set beta=-1', ['beta', '-1']],
  ['--trainer single --shards 2', ['--shards', 'single']],
  ['--learning-rats 1', ['--learning-rats']],
  ['--batch-size', ['--batch-size']],
  ['surplus', ['start', 'too many arguments']],
  ['--hosts DIR/nowhere.txt', ['--hosts', 'nowhere.txt', 'no such file']],
  ['--hosts DIR/hosts-slots.txt', ['hosts-slots.txt:3', 'slots=', 'slots=many']],
  ['--hosts DIR/hosts-remote.txt', ['hosts-remote.txt:3', 'node7.example', 'not this machine']],
  ['--hosts DIR/hosts-empty.txt', ['hosts-empty.txt', 'at least one host']],
  ['--dataset DIR/nowhere', ['--dataset', 'nowhere', 'does not exist']],
  ['--dataset DIR/empty', ['--dataset', 'empty', 'train-labels-idx1-ubyte']],
  ['--dataset DIR/truncated', ['truncated', 'train-images-idx3-ubyte.gz']],
  ['--model DIR/not-json.json', ['--model', 'not-json.json', 'JSON']],
  ['--model DIR/seven/model.json', ['--model', '7 outputs', '10 classes']],
  ['--model DIR/small/model.json', ['--model', '64 values', '784']],
  ['--model DIR/nowhere/model.json', ['--model', 'nowhere']],
  ['--engine native-ish', ['--engine']],
  ['--learning-rate 1e30', ['worker', 'loss']],
];

describe('bad input', () => {
  for (const [args, words] of CASES) {
    it(`${args}: one line, and not status 0`, { timeout: 60_000 }, async () => {
      const given = args.replaceAll('DIR', dir).split(' ');
      const dataset = args.includes('--dataset') ? [] : ['--dataset', join(dir, 'images')];
      const batch = args.includes('--batch-size') ? [] : ['--batch-size', '10'];
      const { status, stdout, stderr } = await cluster(
        [
          'start',
          ...dataset,
          ...batch,
          '--json',
          '--run-dir',
          join(dir, `run-${CASES.findIndex(([a]) => a === args)}`),
          ...given,
        ],
        { WEFT_DATA_DIR: join(dir, 'data') },
      ).ended;
      expect(status).toBeGreaterThan(0);
      expect(stdout).toBe('');
      const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
      expect(errors).toHaveLength(1);
      expect(stderr.trim().split('\n').at(-1)).toBe(errors[0]);
      for (const word of words) expect(errors[0]).toContain(word);
      expect(stderr).not.toMatch(/^\s+at /m);
    });
  }

  it('a port in use is named', { timeout: 60_000 }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    writeFileSync(join(dir, 'hosts-port.txt'), `localhost slots=2 port=${port}\n`);
    const { status, stderr } = await cluster(
      [
        'start',
        '--hosts',
        join(dir, 'hosts-port.txt'),
        '--dataset',
        join(dir, 'images'),
        '--batch-size',
        '10',
        '--run-dir',
        join(dir, 'port'),
      ],
      { WEFT_DATA_DIR: join(dir, 'data') },
    ).ended;
    await new Promise((resolve) => server.close(resolve));
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: .*shard 0.*${port}.*in use`, 'im'));
  });

  it('an unknown command, and none, are one line', { timeout: 60_000 }, async () => {
    for (const [args, words] of [
      [['train'], "unknown command 'train'"],
      [[], 'command'],
    ] as const) {
      const { status, stderr } = await cluster(args, {}).ended;
      expect(status).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(words);
    }
  });
});
