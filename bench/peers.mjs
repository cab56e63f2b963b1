// Python for the peers, in a virtual environment of the benchmarks' own, outside the repository, made on first use.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { say } from './result.mjs';

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

function run(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 2, 2] }).status === 0;
}

/**
 * The path of a Python that has these packages, where they can be had; a peer that is missing says so in its own row.
 * WEFT_PEER_PYTHON names one that is there already.
 *
 * @param {string} name of the environment
 * @param {readonly string[]} packages what pip installs
 */
export function peerPython(name, packages) {
  if (process.env.WEFT_PEER_PYTHON) return process.env.WEFT_PEER_PYTHON;
  const dir = join(cache, 'weft', `bench-${name}`);
  const python = join(dir, 'bin', 'python');
  const stamp = join(dir, packages.join(' ').replaceAll('/', '-'));
  if (existsSync(stamp)) return python;
  say(`peers: ${packages.join(', ')} from PyPI into ${dir}, once; this can take gigabytes and minutes …`);
  mkdirSync(join(cache, 'weft'), { recursive: true });
  if (!run('python3', ['-m', 'venv', dir])) return 'python3';
  // One by one: a package that cannot be had must not keep the others away.
  const all = packages.map((p) => run(python, ['-m', 'pip', 'install', '--quiet', p]));
  if (all.every(Boolean)) writeFileSync(stamp, '');
  return python;
}
