import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const DOCUMENTS = [
  'README.md',
  'apps/cluster/README.md',
  'docs/deep-fashion.md',
  'docs/hdfs.md',
  'docs/preprocessing.md',
  'packages/hdfs-loader/README.md',
];
const COMMANDS = [
  'start',
  'ingest',
  'preprocess',
  'predict',
  'data ls',
  'data show',
  'data synthesize deep-fashion',
  'hdfs up',
  'hdfs down',
  'hdfs status',
] as const;

const textOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** What --help of each command prints; of all in one process, as the test's neighbours want the cores too. */
async function helpOf(commands: readonly string[]): Promise<Map<string, string>> {
  const main = new URL('../apps/cluster/dist/main.js', import.meta.url);
  const script = `
    import { main } from ${JSON.stringify(main.href)};
    for (const command of ${JSON.stringify(commands)}) {
      await main([...command.split(' '), '--help']);
      process.stdout.write('\\0');
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  const texts = stdout.split('\0');
  return new Map(commands.map((command, i) => [command, texts[i] ?? '']));
}

interface Told {
  readonly document: string;
  readonly command: string;
  readonly flags: readonly string[];
}

/** Every `pnpm cluster …` of a document, its comment left out. */
function told(document: string): Told[] {
  return [...textOf(document).matchAll(/\bpnpm cluster ((?:[a-z]+ )?[^\n`|#]*)/g)].map(([, line = '']) => {
    const words = line.trim().split(/\s+/);
    const depth = words[1] === 'synthesize' ? 3 : ['data', 'hdfs'].includes(words[0]!) ? 2 : 1;
    const command = words.slice(0, depth).join(' ');
    return { document, command, flags: words.filter((word) => word.startsWith('--')) };
  });
}

describe("the documents' command lines", async () => {
  const helps = await helpOf(COMMANDS);
  const all = DOCUMENTS.flatMap(told).filter(({ flags, command }) => flags.length > 0 || helps.has(command));

  it('are found', () => {
    expect(new Set(all.map(({ command }) => command))).toEqual(new Set(COMMANDS));
  });

  it('name commands and flags that there are', () => {
    const unknown = all.flatMap(({ document, command, flags }) =>
      flags
        .filter((flag) => flag !== '--help' && !new RegExp(`${flag}\\b`).test(helps.get(command) ?? ''))
        .map((flag) => `${document}: ${command} ${flag}`),
    );
    expect(unknown).toEqual([]);
  });

  it.each([
    ['hdfs up', 'flag of `hdfs up`', 'docs/hdfs.md'],
    ['ingest', 'flag ', 'docs/hdfs.md'],
    ['preprocess', 'flag of `preprocess`', 'docs/preprocessing.md'],
  ] as const)('have a table with every flag of %s', (command, head, document) => {
    const lines = textOf(document).split('\n');
    const from = lines.findIndex(
      (line) => line.startsWith(`| ${head}`) && (command !== 'ingest' || line.includes('| for')),
    );
    const table = lines.slice(from, lines.indexOf('', from)).join('\n');
    const flags = [...helps.get(command)!.matchAll(/^\s+(--[a-z-]+)/gm)].map(([, flag]) => flag!);
    const hdfs = ['--hdfs-user', '--hdfs-token'];
    expect(flags.filter((flag) => !hdfs.includes(flag) && !table.includes(flag))).toEqual([]);
  });
});

it('keeps the README short, and its links and pictures lead somewhere', () => {
  expect(textOf('README.md').split('\n').length).toBeLessThan(150);
  for (const document of [...DOCUMENTS, 'docs/errors.md', 'docs/architecture.md', 'CHANGELOG.md']) {
    const base = new URL(`../${document}`, import.meta.url);
    for (const [, link = ''] of textOf(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (!/^https?:/.test(link))
        expect(() => readFileSync(new URL(link, base)), `${document}: ${link}`).not.toThrow(/ENOENT/);
    }
  }
});
