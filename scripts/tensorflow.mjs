/**
 * `npm run setup -- --tensorflow` (or --tensorflow-gpu): builds @tensorflow/tfjs-node against libtensorflow from PyPI, in the
 * user's data folder, for `--engine tensorflow`. Off by default. Idempotent: a step whose result is there is left out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

const TFJS_NODE = '4.22.0';
const LIBTENSORFLOW = '2.21.0';
/** The wheels differ in their Python part only, which is not used: any will do. */
const WHEEL_PYTHON = '3.11';

const BUILDS = {
  cpu: { name: '@tensorflow/tfjs-node', wheel: 'tensorflow-cpu', folder: 'libtensorflow', size: '274 MB' },
  gpu: { name: '@tensorflow/tfjs-node-gpu', wheel: 'tensorflow', folder: 'libtensorflow-gpu', size: '572 MB' },
};

/** Takes out of a wheel what the addon is built and run with; prints what the and-cuda extra names. */
const UNPACK = `
import re, sys, zipfile
wheel, into = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
wanted = re.compile(r'tensorflow/(libtensorflow_(cc|framework)\\.so\\.2|include/(tensorflow/c/|(tensorflow/core|tsl)/platform/ctstring|(xla|tensorflow/compiler/xla)/tsl/c/).*\\.h)$|nvidia/.*')
for name in wheel.namelist():
    if wanted.match(name): wheel.extract(name, into)
    if name.endswith('.dist-info/METADATA'):
        text = wheel.read(name).decode()
        for need, extra in re.findall(r'^Requires-Dist: *([^;\\n]+?) *; *(.*)$', text, re.M):
            if 'and-cuda' in extra: print(re.sub(r'[ ()]', '', need))
`;

const CHECK_LOADS = 'require(process.argv[1]); process.exit(0)';

/** As @weft/hdfs-loader's dataHome has it, for the one platform that there are wheels and this recipe for. */
function dataHome() {
  const { WEFT_DATA_DIR, XDG_DATA_HOME } = process.env;
  const shared = XDG_DATA_HOME && isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(homedir(), '.local', 'share');
  return WEFT_DATA_DIR ? resolve(WEFT_DATA_DIR) : join(shared, 'weft');
}

/** Runs a program; its output is shown only when it fails. */
function output(words, o = {}) {
  const { status, stdout, stderr, error } = spawnSync(words[0], words.slice(1), {
    encoding: 'utf8',
    ...o,
    maxBuffer: 1 << 26,
  });
  if (status === 0) return stdout;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  const why = error ? error.message : `exit status ${status}; the lines above say why`;
  throw new Error(`tensorflow: ${words.slice(0, 4).join(' ')} …: ${why}`);
}

const works = (...words) => spawnSync(words[0], words.slice(1), { stdio: 'ignore' }).status === 0;

/** @returns {string | undefined} what is missing, in one line */
function missing() {
  if (process.platform !== 'linux') return `Linux expected, this is ${process.platform}`;
  if (!works('python3', '-m', 'pip', '--version')) return 'python3 with pip expected (Debian: apt install python3-pip)';
  if (!works('g++', '--version') || !works('make', '--version')) {
    return 'g++ and make expected (Debian: apt install build-essential)';
  }
  return undefined;
}

/** Downloads wheels and unpacks them. @returns {string[]} the requirements that the and-cuda extra names */
function unpackWheels(specs, into, dir) {
  const downloads = mkdtempSync(join(dir, 'download-'));
  try {
    const pip = ['python3', '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
    output([...pip, '--only-binary=:all:', '--python-version', WHEEL_PYTHON, '--dest', downloads, ...specs]);
    const list = output(['ls', downloads]).split('\n').filter(Boolean);
    return list.flatMap((wheel) =>
      output(['python3', '-c', UNPACK, join(downloads, wheel), into])
        .split('\n')
        .filter(Boolean),
    );
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
}

function fetchLibrary({ wheel }, gpu, into, dir) {
  rmSync(into, { recursive: true, force: true });
  const requirements = unpackWheels([`${wheel}==${LIBTENSORFLOW}`], into, dir);
  if (gpu) unpackWheels(requirements, into, dir);
}

/** The addon's own folder of headers and libraries, as its binding.gyp expects it. */
function link(root, library) {
  const deps = join(root, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  const links = {
    include: join(library, 'tensorflow', 'include'),
    'lib/libtensorflow_cc.so.2': join(library, 'tensorflow', 'libtensorflow_cc.so.2'),
    'lib/libtensorflow_framework.so.2': join(library, 'tensorflow', 'libtensorflow_framework.so.2'),
    'lib/libtensorflow.so': 'libtensorflow_cc.so.2',
    'lib/libtensorflow_framework.so': 'libtensorflow_framework.so.2',
  };
  // libtensorflow looks for CUDA in ../nvidia of the folder that it is loaded from.
  if (existsSync(join(library, 'nvidia'))) links.nvidia = join(library, 'nvidia');
  for (const [at, target] of Object.entries(links)) symlinkSync(target, join(deps, at));
}

function build(root) {
  const prefix = dirname(dirname(process.execPath));
  // With Node's own headers where they lie beside it, node-gyp downloads none.
  const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const preGyp = join(root, '..', '..', '@mapbox', 'node-pre-gyp', 'bin', 'node-pre-gyp');
  output([process.execPath, preGyp, 'install', '--build-from-source', ...headers], { cwd: root });
}

/**
 * Builds the library that the tensorflow engine runs on.
 *
 * @param {{ gpu: boolean, step: (what: string, work: () => void) => void }} o step: says what is done, and how long it took
 * @throws Error with one line: what is missing, or which program failed
 */
export function setUpTensorflow({ gpu, step }) {
  const dir = join(dataHome(), 'tensorflow');
  const chosen = gpu ? BUILDS.gpu : BUILDS.cpu;
  const library = join(dir, chosen.folder);
  const root = join(dir, 'node_modules', chosen.name);
  const stamp = join(library, `unpacked-${LIBTENSORFLOW}`);
  const loads = () => works(process.execPath, '-e', CHECK_LOADS, root);
  const packageFile = join(root, 'package.json');
  if (existsSync(stamp) && existsSync(packageFile) && loads()) return;
  const problem = missing();
  if (problem) throw new Error(`tensorflow: ${problem}`);
  mkdirSync(dir, { recursive: true });
  if (!existsSync(stamp)) {
    const size = gpu ? `${chosen.size}, and 2.8 GB of CUDA libraries` : chosen.size;
    step(`libtensorflow ${LIBTENSORFLOW} from PyPI (${size})`, () => {
      fetchLibrary(chosen, gpu, library, dir);
      writeFileSync(stamp, '');
    });
  }
  if (!existsSync(packageFile)) {
    step(`${chosen.name} ${TFJS_NODE} from the npm registry`, () => {
      if (!existsSync(join(dir, 'package.json'))) writeFileSync(join(dir, 'package.json'), '{ "private": true }\n');
      const npm = ['npm', 'install', `${chosen.name}@${TFJS_NODE}`, '--ignore-scripts', '--no-audit', '--no-fund'];
      output(npm, { cwd: dir });
    });
  }
  step(`${chosen.name} built`, () => {
    link(root, library);
    build(root);
    output([process.execPath, '-e', CHECK_LOADS, root]);
  });
}
