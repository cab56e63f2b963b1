/**
 * Builds the C++ addon of @weft/native, which makes training many times faster than the tfjs engine. Nothing here makes set-up fail: without the
 * addon everything works, slowly, and a line says what is missing and what that costs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the addon is built with: how to see that it is there, and the Debian package that has it. */
const NEEDS = [
  { what: 'a C++ compiler', package: 'g++', found: () => hasAppleTools() && runs('c++', ['--version']) },
  { what: 'make', package: 'make', found: () => runs('make', ['--version']) },
  { what: 'CMake', package: 'cmake', found: () => runs('cmake', ['--version']) },
  {
    what: 'oneDNN',
    package: 'libdnnl-dev',
    found: () => runs('c++', ['-E', '-x', 'c++', '-'], '#include <dnnl.hpp>\n'),
  },
  {
    what: 'OpenBLAS',
    // What the addon is built without where it is missing.
    optional: 'principal component analysis is left out of the addon',
    package: 'libopenblas-dev',
    found: () => runs('c++', ['-E', '-x', 'c++', '-'], '#include <cblas.h>\n#include <openblas_config.h>\n'),
  },
  {
    what: 'libjpeg',
    optional: 'JPEG is decoded by sharp, several times slower',
    package: 'libjpeg-dev',
    found: () => runs('c++', ['-E', '-x', 'c++', '-'], '#include <cstdio>\n#include <jpeglib.h>\n'),
  },
];

function runs(command, args, input = '') {
  return spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

/** On a Mac without its command-line tools, asking for the compiler would open a window. */
const hasAppleTools = () => process.platform !== 'darwin' || runs('xcode-select', ['-p']);

const missingNeeds = () => NEEDS.filter((need) => !need.found());

/** Whether this is a Debian or one of its kin, by its own word. */
function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

const mayInstall = () =>
  process.env.WEFT_NO_SYSTEM_PACKAGES !== '1' &&
  process.getuid?.() === 0 &&
  isDebian() &&
  runs('apt-get', ['--version']);

function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const result = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    if (result.status !== 0) return result.stderr.trim().split('\n').at(-1) ?? 'apt-get failed';
  }
  return null;
}

/**
 * Installs Debian packages, where that is allowed: as root, on Debian and its kin, unless WEFT_NO_SYSTEM_PACKAGES=1.
 *
 * @param {string[]} packages
 * @param {string} what they are for
 * @param {(line: string) => void} say
 * @returns {boolean} whether it was tried; why it failed has been said
 */
export function installsPackages(packages, what, say) {
  if (!mayInstall()) return false;
  say(`system packages for ${what}, by apt-get: ${packages.join(' ')} (WEFT_NO_SYSTEM_PACKAGES=1 leaves them alone) …`);
  const problem = aptInstall(packages);
  if (problem !== null) say(`apt-get: ${problem}`);
  return true;
}

const COST = 'models train on the tfjs engine until then: the same rules, some 10 times slower';

/**
 * Makes the tools of the build available, where that is allowed.
 *
 * @param {(line: string) => void} say
 * @returns {boolean} whether the addon can be built
 */
export function haveBuildTools(say) {
  const missing = missingNeeds();
  if (missing.length === 0) return true;
  const packages = missing.map((need) => need.package).join(' ');
  if (
    installsPackages(
      missing.map((need) => need.package),
      'the native engine',
      say,
    )
  ) {
    if (missingNeeds().length === 0) return true;
  }
  const stillMissing = missingNeeds();
  if (stillMissing.every((need) => need.optional)) {
    for (const need of stillMissing) {
      const how = isDebian() ? `: sudo apt-get install ${need.package}, then npm run setup` : '';
      say(`no ${need.what}: ${need.optional}${how}`);
    }
    return true;
  }
  const what = stillMissing.map((need) => need.what).join(', ');
  const how = isDebian() ? `; to have it: sudo apt-get install ${packages}, then npm run setup` : '';
  say(`native engine not built, ${what} missing: ${COST}${how}`);
  return false;
}

/** Said when the build itself fails. */
export const BUILD_FAILED = `native engine not built, the lines above say why: ${COST}`;
