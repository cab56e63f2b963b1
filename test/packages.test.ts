import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const root = new URL('../', import.meta.url);
const read = (dir: string): PackageJson =>
  JSON.parse(readFileSync(new URL(`${dir}/package.json`, root), 'utf8')) as PackageJson;
const packages = [...readdirSync(new URL('packages', root)).map((name) => read(`packages/${name}`)), read('native')];

/** sharp and oneDNN take seconds to load while other tests have the cores. */
const IMPORT_MS = 60_000;

/** Who may import whom: arrows run one way. */
const ARROWS: Record<string, readonly string[]> = {
  '@weft/native': [],
  '@weft/safetensors': [],
  '@weft/transport': ['@weft/native'],
  '@weft/models': ['@weft/native'],
  '@weft/trainer': ['@weft/models', '@weft/native', '@weft/transport'],
  '@weft/hdfs-loader': ['@weft/native', '@weft/safetensors'],
  '@weft/preprocessing': ['@weft/native', '@weft/safetensors'],
};

describe('the packages', () => {
  for (const { name, dependencies = {}, optionalDependencies = {} } of packages) {
    it(`${name} brings no pictures, and only the siblings below it`, () => {
      const all = Object.keys({ ...dependencies, ...optionalDependencies });
      expect(all).not.toContain('fashion-mnist');
      for (const sibling of all.filter((d) => d.startsWith('@weft/'))) expect(ARROWS[name]).toContain(sibling);
    });

    it(
      `${name} can be imported alone`,
      async () => {
        const exported = (await import(name)) as Record<string, unknown>;
        expect(Object.keys(exported).length).toBeGreaterThan(0);
        expect(exported).not.toHaveProperty('default');
      },
      IMPORT_MS,
    );
  }
});
