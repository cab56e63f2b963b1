/** Runs pnpm: the machine's own where it is of the pinned major version, else the pinned one through npx. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const PINNED = /** @type {string} */ (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).packageManager
);

/** The environment of every tool: nothing reports home. */
export const QUIET_ENV = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
};

let command;

/** @returns {string[]} the words that pnpm is called by */
function pnpmCommand() {
  if (command) return command;
  const major = PINNED.split('@')[1].split('.')[0];
  const own = spawnSync('pnpm', ['--version'], { encoding: 'utf8', cwd: ROOT });
  command =
    own.status === 0 && own.stdout.startsWith(`${major}.`) ? ['pnpm'] : ['npx', '--yes', '--loglevel=error', PINNED];
  return command;
}

/** What pnpm is called by, for a line to the user. */
export const pnpmName = () => pnpmCommand().join(' ');

/**
 * Runs a program in the repository's root, its output on standard error so that standard output stays the result's.
 *
 * @param {readonly string[]} words
 * @param {{ quiet?: boolean }} [o] quiet: shows the output only when it fails
 * @returns {number} its exit status
 */
function run(words, o = {}) {
  const result = spawnSync(words[0], words.slice(1), {
    cwd: ROOT,
    env: QUIET_ENV,
    encoding: 'utf8',
    stdio: o.quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2],
    maxBuffer: 64 << 20,
  });
  if (result.status !== 0 && o.quiet) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  if (result.error) process.stderr.write(`${words[0]}: ${result.error.message}\n`);
  return result.status ?? 1;
}

/** Runs pnpm with these arguments. @see run */
export const pnpm = (args, o) => run([...pnpmCommand(), ...args], o);
