import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identityOf, makeStagingFolder, publish, removeDamaged, stagingPath, sweepStaging } from '../src/staging.js';
import { scratchFolder } from './scratch-folder.js';

const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('makeStagingFolder', () => {
  it('makes a new folder beside the target, and the folders above', async () => {
    const dir = join(scratchFolder(), 'a', 'b');
    const [one, two] = [await makeStagingFolder(dir), await makeStagingFolder(dir)];
    expect(one).not.toBe(two);
    expect(dirname(one)).toBe(dirname(dir));
    expect(basename(one)).toContain(`.${process.pid}.`);
  });

  it('names the folder that cannot be made', async () => {
    const file = join(scratchFolder(), 'file');
    writeFileSync(file, '');
    await expect(makeStagingFolder(join(file, 'a'))).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('publish', () => {
  it('takes a free name or an empty folder, and gives way to a full one', async () => {
    const dir = join(scratchFolder(), 'd');
    const stage = async (content: string) => {
      const staging = await makeStagingFolder(dir);
      writeFileSync(join(staging, content), '');
      return staging;
    };
    expect(await publish(await stage('one'), dir)).toBe(true);
    const second = await stage('two');
    expect(await publish(second, dir)).toBe(false);
    expect(readdirSync(dir)).toEqual(['one']);
    expect(readdirSync(second)).toEqual(['two']);
  });

  it('throws where nothing is in the way', async () => {
    const dir = join(scratchFolder(), 'd');
    await expect(publish(stagingPath(dir), dir)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('removeDamaged', () => {
  it('removes the folder that was looked at, and no other', async () => {
    const dir = join(scratchFolder(), 'd');
    mkdirSync(dir);
    const identity = (await identityOf(dir))!;
    await removeDamaged(dir, `${identity}0`);
    expect(existsSync(dir)).toBe(true);
    await removeDamaged(dir, identity);
    expect(readdirSync(dirname(dir))).toEqual([]);
    await removeDamaged(dir, identity);
    expect(await identityOf(dir)).toBeUndefined();
  });
});

describe('sweepStaging', () => {
  it('removes what dead processes of this host left, and nothing else', async () => {
    const dir = join(scratchFolder(), 'd');
    const own = await makeStagingFolder(dir);
    const dead = own.replace(`.${process.pid}.`, `.${deadPid()}.`);
    const others = [own.replace('.partial', ''), join(dirname(dir), `.d.elsewhere.${deadPid()}.ab.partial`)];
    for (const folder of [dead, ...others, stagingPath(join(dirname(dir), 'e'))]) mkdirSync(folder);
    writeFileSync(join(dead, 'shard'), '');
    await sweepStaging(dir);
    expect(existsSync(dead)).toBe(false);
    expect(readdirSync(dirname(dir))).toHaveLength(4);
    await sweepStaging(join(dir, 'none', 'x'));
  });
});
