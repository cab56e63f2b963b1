/**
 * Sets everything up, and says what it does, a line each on standard error. Idempotent: what is up to date is left alone,
 * which takes a few milliseconds. `npm run setup`, and before `npm start`, `npm test` and `npm run cluster`. With
 * `--tensorflow` or `--tensorflow-gpu` it also builds what `--engine tensorflow` runs on, with `--hadoop` it fetches what
 * `cluster hdfs` and the tests on Hadoop run.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD_FAILED, haveBuildTools } from './addon.mjs';
import { setUpHadoop } from './hadoop.mjs';
import { pnpm, pnpmName, ROOT } from './pnpm.mjs';
import { setUpTensorflow } from './tensorflow.mjs';

const OLDEST_NODE = [20, 19];
const WORKSPACES = ['packages', 'apps'];

const say = (line) => process.stderr.write(`set-up: ${line}\n`);

function fail(line) {
  say(line);
  process.exit(1);
}

/** Times a step, and says how it went; returns whether it went well, where orElse does not end the process. */
function step(what, work, orElse = fail) {
  const started = performance.now();
  say(`${what} …`);
  if ((work() ?? 0) !== 0) {
    orElse(`${what}: failed; the lines above say why`);
    return false;
  }
  say(`${what}: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return true;
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = OLDEST_NODE;
  if (major < needMajor || (major === needMajor && minor < needMinor)) {
    fail(`Node.js ${OLDEST_NODE.join('.')} or newer expected, this is ${process.versions.node}`);
  }
}

/** Every folder of the workspace that has a package.json. */
function packageDirs() {
  const below = WORKSPACES.flatMap((dir) => readdirSync(join(ROOT, dir)).map((name) => join(ROOT, dir, name)));
  return [...below, join(ROOT, 'native'), join(ROOT, 'test')].filter((dir) => existsSync(join(dir, 'package.json')));
}

function filesBelow(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** One digest of the content of files: what a step depends on. */
function digest(files) {
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

/** Runs work, which says whether it was done, unless the stamp says that it was done for these very files, and its results are still there. */
function unlessDone(name, o) {
  const stamp = join(ROOT, 'node_modules', `.weft-${name}`);
  const now = digest(o.inputs);
  const there = () => o.results.every((path) => existsSync(path));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now && there()) return;
  if (o.work() && there()) writeFileSync(stamp, now);
}

/** The addon, unless it is up to date. What is missing for it is one line, and no failure. */
function buildAddon() {
  const native = join(ROOT, 'native');
  const addon = join(native, 'build', 'Release', 'weft.node');
  unlessDone('addon', {
    inputs: [...filesBelow(join(native, 'src')), join(native, 'CMakeLists.txt'), join(native, 'package.json')],
    results: [addon],
    work: () => {
      if (!haveBuildTools(say)) return false;
      return step(
        'native engine built by cmake-js',
        () => pnpm(['--filter', '@weft/native', 'run', 'build:addon'], { quiet: true }),
        () => say(BUILD_FAILED),
      );
    },
  });
}

/** Installs the dependencies and builds the packages, where that is not up to date. */
export function setUp() {
  checkNode();
  const dirs = packageDirs();
  const manifests = [ROOT, ...dirs].map((dir) => join(dir, 'package.json'));
  unlessDone('installed', {
    inputs: [...manifests, join(ROOT, 'pnpm-lock.yaml'), join(ROOT, 'pnpm-workspace.yaml')],
    results: [join(ROOT, 'apps', 'cluster', 'node_modules')],
    work: () =>
      step(`dependencies from the npm registry, by ${pnpmName()}`, () =>
        pnpm(['install', '--frozen-lockfile', '--reporter=append-only', '--config.confirmModulesPurge=false'], {
          quiet: true,
        }),
      ),
  });
  const sources = dirs.flatMap((dir) => [...filesBelow(join(dir, 'src')), ...filesBelow(join(dir, 'lib'))]);
  const configs = dirs.map((dir) => join(dir, 'tsconfig.json')).filter((file) => existsSync(file));
  unlessDone('built', {
    inputs: [
      ...sources.filter((file) => file.endsWith('.ts')),
      ...configs,
      ...manifests,
      join(ROOT, 'tsconfig.base.json'),
    ],
    results: dirs.filter((dir) => !dir.endsWith('test')).map((dir) => join(dir, 'dist', 'index.js')),
    work: () =>
      step('packages built by tsc', () =>
        pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], { quiet: true }),
      ),
  });
  buildAddon();
}

/** `--tensorflow`, `--tensorflow-gpu` and `--hadoop`: what is large, and not everybody's. */
async function setUpExtras(options) {
  const known = ['--tensorflow', '--tensorflow-gpu', '--hadoop'];
  const unknown = options.find((option) => !known.includes(option));
  if (unknown) fail(`options ${known.join(', ')} expected, got ${unknown}`);
  try {
    for (const option of options) {
      if (option === '--hadoop') await setUpHadoop(say);
      else setUpTensorflow({ gpu: option === '--tensorflow-gpu', step });
    }
  } catch (error) {
    fail(error.message);
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  setUp();
  await setUpExtras(process.argv.slice(2));
  say('everything is up to date');
}
