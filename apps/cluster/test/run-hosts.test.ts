import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseHosts } from '../src/hosts.js';
import { hostsOf, limitSlots, threadsOf } from '../src/run-hosts.js';
import { scratchFolder } from './tiny-dataset.js';

describe('hostsOf', () => {
  it('gives two workers of this machine where no file is named', () => {
    expect(hostsOf(undefined)).toMatchObject([{ name: 'localhost', slots: 2 }]);
  });

  it('refuses files that are not there, wrong, or name others', () => {
    const file = join(scratchFolder(), 'hosts.txt');
    expect(() => hostsOf(file)).toThrow(`--hosts ${file}: no such file`);
    writeFileSync(file, 'node7.example\n');
    expect(() => hostsOf(file)).toThrow('"node7.example" is not this machine');
    writeFileSync(file, 'localhost slots=x\n');
    expect(() => hostsOf(file)).toThrow('slots=1 to 1024 expected');
  });
});

describe('threadsOf', () => {
  it('divides the cores by the slots', () => {
    expect(threadsOf(hostsOf(undefined))).toBe(Math.max(1, Math.floor(availableParallelism() / 2)));
  });
});

describe('limitSlots', () => {
  it('keeps the first slots', () => {
    const hosts = parseHosts('a slots=2\nb slots=2\n', 'hosts.txt');
    expect(limitSlots(hosts, 3).map(({ name, slots }) => `${name} ${slots}`)).toEqual(['a 2', 'b 1']);
    expect(limitSlots(hosts, 2)).toHaveLength(1);
    expect(limitSlots(hosts, 9)).toEqual(hosts);
  });
});
