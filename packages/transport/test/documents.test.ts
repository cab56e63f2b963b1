import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const home = new URL('..', import.meta.url);
const run = promisify(execFile);

const examplesOf = (document: string) =>
  [...readFileSync(new URL(document, home), 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]!);

/** What an example's console.log calls print, as the comments behind them say. */
const promised = (example: string) =>
  [...example.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => `${match[1]}\n`).join('');

const examples = examplesOf('README.md').map((example) => ({ imported: /\{ (.*) \}/.exec(example)![1], example }));

it('has examples of request and reply, collectives and compression', () => {
  expect(examples.map(({ imported }) => imported)).toEqual([
    'asFloat32, connect, listen, newToken',
    'allReduce, joinGroup, newToken, ringAllReduce',
    'compressor',
  ]);
});

it.each(examples)(
  "runs the README's example of $imported as it is written, on the built package",
  async ({ example }) => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', example], { cwd: home });
    expect(stdout).toBe(promised(example));
  },
);

it("runs the launcher and the members of docs/collectives.md, each from its file, in someone's project", async () => {
  const project = mkdtempSync(join(tmpdir(), 'weft-documents-'));
  onTestFinished(() => rmSync(project, { recursive: true }));
  mkdirSync(join(project, 'node_modules/@weft'), { recursive: true });
  symlinkSync(fileURLToPath(home), join(project, 'node_modules/@weft/transport'));
  const files = examplesOf('../../docs/collectives.md');
  const [launcher, ...others] = files.map((file) => /^\/\/ (\S+)\n/.exec(file)![1]!);
  expect([launcher, ...others]).toEqual(['launch.mjs', 'member.mjs']);
  for (const file of files) writeFileSync(join(project, /^\/\/ (\S+)\n/.exec(file)![1]!), file);
  const { stdout } = await run(process.execPath, [launcher!], { cwd: project });
  expect(stdout).toBe(promised(files[0]!));
});
