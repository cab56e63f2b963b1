import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const home = new URL('..', import.meta.url);

it("runs the README's example as it is written, on the built package", async () => {
  const readme = readFileSync(new URL('README.md', home), 'utf8');
  const [example, ...others] = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]!);
  expect(others).toEqual([]);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', example!], {
    cwd: home,
  });
  expect(stdout).toMatch(/^3\.00 \d\.\d\d\n2\.00 \d\.\d\d\n$/);
});
