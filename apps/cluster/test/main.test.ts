import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { commandLine } from './command-line.js';
import { scratchFolder, tinyDataset } from './tiny-dataset.js';

const { said, run: runWords } = commandLine();
const run = (line: string) => runWords(...line.split(' ').filter((word) => word !== ''));

describe('main', { timeout: 120_000 }, () => {
  it.each(['--help', 'start --help', 'help start'])('explains itself: %s', async (line) => {
    expect(await run(line)).toBe(0);
    expect(said.out).toContain('Usage: cluster');
    expect(said.err).toBe('');
  });

  it('lists flags, models, optimizers and trainers', async () => {
    await run('start --help');
    for (const word of [
      '--hosts',
      '--insecure',
      '--learning-rate',
      '--json',
      'mlp, cnn',
      'momentum',
      'aeasgd',
      'Dean et al.',
    ]) {
      expect(said.out).toContain(word);
    }
  });

  it.each([
    ['', 'a command expected: start, ingest, preprocess, predict, data, hdfs (see --help)'],
    ['stop', "unknown command 'stop'"],
    ['start --epoch 1', "unknown option '--epoch'"],
    ['start now', "too many arguments for 'start'"],
    ['start --epochs', "option '--epochs <n>' argument missing"],
    ['start --epochs 0', '--epochs: a whole number from 1 to 1000000 expected, got "0"'],
    ['start --trainer x', '--trainer: one of single'],
    ['start --set beta', '--set: NAME=VALUE expected, got "beta"'],
    ['start --set __proto__=1', '--set: NAME=VALUE expected, got "__proto__=1"'],
    ['start --trainer aeasgd --set beta=0x2', '--set: setting beta: a number above 0 expected, got "0x2"'],
    ['start --trainer aeasgd --set beta=true', '--set: setting beta: a number above 0 expected, got true'],
    ['start --hosts /nowhere', '--hosts /nowhere: no such file'],
    ['start --dataset /nowhere', '--dataset: fashion-mnist, a folder or an hdfs:// location expected, got "/nowhere"'],
  ])('answers "%s" with 2 and one line', async (line, problem) => {
    expect(await run(line)).toBe(2);
    expect(said.err).toMatch(/^error: [^\n]+\n$/);
    expect(said.err).toContain(problem);
    expect(said.out).toBe('');
  });

  it('trains, and prints one JSON object; signals are handled only meanwhile', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    const listeners = () => signals.map((name) => process.listenerCount(name));
    const before = listeners();
    const flags = `--dataset ${await tinyDataset()} --batch-size 10 --trainer single --optimizer sgd --learning-rate 0.1`;
    expect(await run(`start ${flags} --run-dir ${join(scratchFolder(), 'run')} --json`)).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ trainer: 'single', learningRate: 0.1, samples: { trained: 300 } });
    expect(said.err).toContain('epoch 1/1: ');
    expect(listeners()).toEqual(before);
  });

  it('answers Ctrl-C with 130 and one line after the run’s', async () => {
    const flags = `--dataset ${await tinyDataset()} --batch-size 10 --epochs 1000000`;
    const written = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      said.err += String(chunk);
      if (String(chunk).startsWith('epoch ') && said.err.split('epoch 1/').length === 2) process.emit('SIGINT');
      return true;
    });
    expect(await run(`start ${flags} --run-dir ${join(scratchFolder(), 'run')}`)).toBe(130);
    expect(written.mock.calls.at(-1)?.[0]).toBe('error: interrupted: the run was stopped before its end\n');
  });
});
