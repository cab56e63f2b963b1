import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ALGORITHMS, OPTIMIZERS } from '@weft/trainer';
import { describe, expect, it } from 'vitest';
import { configure, storageOptions, type TrainOptions, terminal } from '../src/config.js';
import { ClusterError } from '../src/errors.js';
import { scratchFolder } from './tiny-dataset.js';

const ENV = { WEFT_DATA_DIR: '/data/weft' };
const decide = (options: TrainOptions = {}) => configure(options, ENV);

function hostsFile(text: string): string {
  const file = join(scratchFolder(), 'hosts.txt');
  writeFileSync(file, text);
  return file;
}

/** The message that an option is refused with. */
function refusal(options: object): string {
  try {
    decide(options as TrainOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as ClusterError).code).toBe('usage');
    expect((error as ClusterError).message).not.toMatch(/[\r\n]/);
    return (error as ClusterError).message;
  }
  throw new Error(`a refusal expected of ${Object.keys(options).join()}`);
}

describe('configure', () => {
  it('has a default for everything', () => {
    const { optimizer, learningRate, window } = ALGORITHMS.adag.defaults;
    expect(decide()).toEqual({
      hosts: [{ name: 'localhost', slots: 2, gpus: [], port: 0, user: null, where: 'no --hosts' }],
      dataset: 'fashion-mnist',
      model: 'mlp',
      trainer: 'adag',
      optimizer,
      learningRate,
      batchSize: 128,
      window,
      epochs: 1,
      workers: 2,
      shards: 1,
      seed: 1,
      engine: 'auto',
      threads: Math.max(1, Math.floor(availableParallelism() / 2)),
      shuffleBytes: 268_435_456,
      ordered: false,
      augment: '',
      runDir: null,
      settings: {},
      insecure: false,
      dataHome: '/data/weft',
    });
    expect(Object.isFrozen(decide())).toBe(true);
  });

  it('takes numbers as such and as text', () => {
    const numbers = { batchSize: 64, window: 8, epochs: 3, shards: 2, seed: 0, threads: 4, learningRate: 0.001 };
    expect(decide(numbers)).toMatchObject(numbers);
    const text = { batchSize: ' 64', window: '+8', epochs: '3', shards: '02', seed: '0', threads: '4' };
    expect(decide({ ...text, learningRate: '1e-3' })).toMatchObject(numbers);
    expect(decide({ learningRate: '.5' }).learningRate).toBe(0.5);
  });

  it('counts an undefined option as not given', () => {
    expect(decide({ epochs: undefined, shards: undefined } as unknown as TrainOptions)).toEqual(decide());
  });

  const BAD_COUNTS = [
    '-1',
    -1,
    '0',
    0,
    '1e3',
    '0x10',
    '',
    ' ',
    'many',
    '1.5',
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    1n,
    null,
    true,
    [],
  ];
  const COUNTS: [string, string][] = [
    ['batchSize', '--batch-size: a whole number from 1 to 1048576'],
    ['window', '--window: a whole number from 1 to 1048576'],
    ['epochs', '--epochs: a whole number from 1 to 1000000'],
    ['shards', '--shards: a whole number from 1 to 1024'],
    ['threads', '--threads: auto, or a whole number from 1 to 1024'],
  ];
  it.each(COUNTS)('refuses a %s that is no count', (name, message) => {
    for (const value of BAD_COUNTS) expect(refusal({ [name]: value })).toContain(`${message} expected, got `);
  });

  it('refuses a seed below 0 or beyond 32 bits', () => {
    for (const seed of [-1, '-1', 2 ** 32, '4294967296', '', 'x', 0.5]) {
      expect(refusal({ seed })).toContain('--seed: a whole number from 0 to 4294967295 expected, got ');
    }
    expect(decide({ seed: 2 ** 32 - 1 }).seed).toBe(4294967295);
  });

  it.each(['0', 0, -0.1, '-1', '', ' ', 'fast', '0x10', '0b1', '1e999', Number.NaN, Number.POSITIVE_INFINITY, null])(
    'refuses learning rate %j',
    (learningRate) => {
      expect(refusal({ learningRate })).toContain('--learning-rate: a number above 0 expected, got ');
    },
  );

  it('says what came as it came', () => {
    expect(refusal({ epochs: '1e3' })).toBe('--epochs: a whole number from 1 to 1000000 expected, got "1e3"');
    expect(refusal({ epochs: Number.NaN })).toMatch(/got NaN$/);
    expect(refusal({ epochs: 1n })).toMatch(/got 1n$/);
    expect(refusal({ model: '' })).toBe('--model: a name expected, got ""');
    expect(refusal({ trainer: 'a\nb' })).toContain('got "a\\nb"');
  });

  it('refuses names that it does not know, and lists those that it does', () => {
    expect(refusal({ trainer: 'adagg' })).toBe(
      '--trainer: one of single, downpour, aeasgd, adag expected, got "adagg"',
    );
    expect(refusal({ trainer: 'toString' })).toContain('--trainer: one of ');
    expect(refusal({ optimizer: 'sgdd' })).toBe(
      `--optimizer: one of ${Object.keys(OPTIMIZERS).join(', ')} expected, got "sgdd"`,
    );
    expect(refusal({ engine: 'cuda' })).toBe('--engine: one of auto, native, tensorflow, tfjs expected, got "cuda"');
    for (const name of ['dataset', 'model', 'hosts', 'runDir'])
      expect(refusal({ [name]: '' })).toContain('a name expected');
  });

  it('refuses an option that there is not', () => {
    expect(refusal({ epoch: 1 })).toBe('no option --epoch');
    expect(refusal({ learningrate: 1, batchsize: 2 })).toBe('no option --learningrate, --batchsize');
  });

  it('takes the trainer’s settings, and refuses others', () => {
    expect(decide({ trainer: 'aeasgd', settings: { beta: 0.5 } }).settings).toEqual({ beta: 0.5 });
    expect(refusal({ trainer: 'aeasgd', settings: { gamma: 1 } })).toBe(
      '--set: trainer aeasgd: no setting "gamma"; it has beta',
    );
    expect(refusal({ trainer: 'aeasgd', settings: { beta: -1 } })).toContain('--set: setting beta: ');
    expect(refusal({ trainer: 'aeasgd', settings: { beta: 'x' } })).toContain('--set: setting beta: ');
    expect(refusal({ settings: { beta: Number.POSITIVE_INFINITY } })).toContain('--set: beta: a finite number');
    expect(refusal({ settings: { beta: [] } })).toContain('--set: beta: a finite number');
    expect(refusal({ settings: 3 })).toBe('--set: settings by name expected, got 3');
  });

  it('gives an optimizer that is not the trainer’s own its own learning rate', () => {
    const { optimizer, learningRate } = ALGORITHMS.adag.defaults;
    const other = optimizer === 'adagrad' ? 'adam' : 'adagrad';
    expect(decide({ optimizer: other }).learningRate).toBe(OPTIMIZERS[other].learningRate);
    expect(decide({ optimizer })).toMatchObject({ optimizer, learningRate });
  });

  it('gives single one worker and no shards, and refuses flags about shards', () => {
    const config = decide({ trainer: 'single' });
    expect(config).toMatchObject({ workers: 1, shards: 0 });
    expect(config.threads).toBe(availableParallelism());
    expect(refusal({ trainer: 'single', shards: 1 })).toBe('--shards: trainer single has no parameter shards');
    expect(refusal({ trainer: 'single', window: 4 })).toBe('--window: trainer single exchanges nothing');
  });

  it('takes bytes with a unit, and as a number', () => {
    expect(decide({ shuffleBuffer: '1.5MiB' }).shuffleBytes).toBe(1_572_864);
    expect(decide({ shuffleBuffer: 1000 }).shuffleBytes).toBe(1000);
    for (const shuffleBuffer of ['', '0', '-1', '1 TB', '2000GiB', 'much', 0, 1.5, Number.NaN, null as never]) {
      expect(refusal({ shuffleBuffer })).toContain('--shuffle-buffer: bytes, as 256MiB, up to 1024GiB expected, got ');
    }
  });

  it('takes augmentations, and says which it does not know', () => {
    expect(decide({ augment: 'flip,shift=2' }).augment).toBe('flip,shift=2');
    expect(refusal({ augment: 'flip,turn' })).toBe('--augment: expected flip or shift=N, got "turn"');
    expect(refusal({ augment: 'shift' })).toBe('--augment: expected flip or shift=N, got "shift"');
    expect(refusal({ ordered: 'yes' as never })).toBe('--ordered: true or false expected, got "yes"');
  });

  it('keeps what may hold a token to itself', () => {
    const token = join(scratchFolder(), 'token');
    writeFileSync(token, 'AAAAAA\n');
    const options = { hdfsUser: 'weft', hdfsToken: token };
    expect(JSON.stringify(decide(options))).not.toContain('AAAAAA');
    expect(storageOptions(options, {})).toMatchObject({ user: 'weft', delegationToken: 'AAAAAA' });
    expect(refusal({ hdfsUser: '' })).toBe('--hdfs-user: a name expected, got ""');
    expect(() => storageOptions({ hdfsToken: '/nowhere/token' }, {})).toThrow('--hdfs-token /nowhere/token: ');
  });

  it('gives TLS up only when told so', () => {
    expect(decide({ insecure: true }).insecure).toBe(true);
    expect(refusal({ insecure: 'yes' as never })).toBe('--insecure: true or false expected, got "yes"');
  });

  it('takes workers, shards and threads from the hosts file', () => {
    const hosts = hostsFile('localhost slots=3\n127.0.0.1 slots=2');
    expect(decide({ hosts })).toMatchObject({ workers: 5, shards: 2 });
    expect(decide({ hosts }).threads).toBe(Math.max(1, Math.floor(availableParallelism() / 3)));
    expect(decide({ hosts, threads: 'auto' }).threads).toBe(decide({ hosts }).threads);
    expect(decide({ hosts, threads: 5 }).threads).toBe(5);
    const [host, ...others] = decide({ hosts, trainer: 'single' }).hosts;
    expect([host?.name, host?.slots, others]).toEqual(['localhost', 1, []]);
  });

  it('names the line or file of a bad hosts file', () => {
    const bad = hostsFile('localhost\nlocalhost2.invalid');
    expect(refusal({ hosts: bad })).toContain(`${bad}:2: "localhost2.invalid" is not this machine`);
    expect(refusal({ hosts: '/nowhere/hosts.txt' })).toBe('--hosts /nowhere/hosts.txt: no such file');
    expect(refusal({ hosts: scratchFolder() })).toContain('EISDIR');
    const high = hostsFile('localhost port=65535');
    expect(decide({ hosts: high }).shards).toBe(1);
    expect(refusal({ hosts: high, shards: 2 })).toBe(
      `${high}:1: port=1 to 65534 expected for 2 parameter shards, got port=65535`,
    );
  });

  it('says what to set where there is no home', () => {
    expect(() => configure({}, {})).toThrow(ClusterError);
    expect(() => configure({}, {})).toThrow('WEFT_DATA_DIR');
  });
});

describe('storageOptions', () => {
  // An empty token of no kind: four lengths of zero.
  const token = 'AAAAAA';

  it('takes the user from the flag, else from Hadoop’s own variable', () => {
    expect(storageOptions({}, {}).user).toBeUndefined();
    expect(storageOptions({}, { HADOOP_USER_NAME: 'env' }).user).toBe('env');
    expect(storageOptions({ hdfsUser: 'flag' }, { HADOOP_USER_NAME: 'env' }).user).toBe('flag');
    expect(storageOptions({}, { HADOOP_CONF_DIR: '/etc/hadoop' }).hadoopConfDir).toBe('/etc/hadoop');
  });

  it('reads the token, as text or as a credentials file, and the certificates', () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'text'), `${token}\n`);
    expect(storageOptions({ hdfsToken: join(dir, 'text') }, {}).delegationToken).toBe(token);
    const kind = Buffer.from('HDFS_DELEGATION_TOKEN');
    const writable = [0, 0, kind.length, ...kind, 0];
    // HDTS, version 0, one token without an alias.
    writeFileSync(join(dir, 'binary'), Buffer.from([...Buffer.from('HDTS'), 0, 1, 0, ...writable, 0]));
    const { delegationToken } = storageOptions({ hdfsToken: join(dir, 'binary') }, {});
    expect(Buffer.from(delegationToken!, 'base64url')).toEqual(Buffer.from(writable));
    writeFileSync(join(dir, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
    expect(storageOptions({}, { WEFT_HDFS_CA: join(dir, 'ca.pem') }).ca).toBe('-----BEGIN CERTIFICATE-----\n');
  });

  it('names the file that cannot be read, or holds no token', () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'empty'), '');
    const flags = { hdfsToken: join(dir, 'empty') };
    expect(() => storageOptions(flags, {})).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^--hdfs-token .*empty: .*got an empty file/) as string,
      }),
    );
    expect(() => storageOptions({}, { WEFT_HDFS_CA: join(dir, 'none') })).toThrow(/WEFT_HDFS_CA .*none: .*ENOENT/);
  });
});

describe('terminal', () => {
  it('shows bars on a terminal only', () => {
    expect(terminal({ isTTY: true }, { TERM: 'xterm' })).toEqual({ progressBars: true, color: true });
    expect(terminal({ isTTY: true }, { NO_COLOR: '1' })).toEqual({ progressBars: true, color: false });
    for (const [tty, env] of [
      [false, {}],
      [true, { TERM: 'dumb' }],
      [true, { CI: 'true' }],
    ] as const) {
      expect(terminal({ isTTY: tty }, env)).toEqual({ progressBars: false, color: false });
    }
    expect(terminal({}, {}).progressBars).toBe(false);
  });
});
