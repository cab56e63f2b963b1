/** `npm test`: sets everything up, then runs every test of the workspace. Closes with the line `N passed, N failed, N skipped`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QUIET_ENV, ROOT } from './pnpm.mjs';
import { setUp } from './setup.mjs';

setUp();
const dir = mkdtempSync(join(tmpdir(), 'weft-test-'));
const results = join(dir, 'results.json');
const vitest = spawnSync(
  process.execPath,
  [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    // Patience for a busy machine; what must be prompt says so itself.
    '--testTimeout=60000',
    '--hookTimeout=60000',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ],
  { cwd: ROOT, env: QUIET_ENV, stdio: ['ignore', 'inherit', 'inherit'] },
);
let counts = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0, numFailedTestSuites: 0 };
try {
  counts = JSON.parse(readFileSync(results, 'utf8'));
} catch {
  // vitest ended before it could write its results: that is one failure, and its own output says which.
}
rmSync(dir, { recursive: true, force: true });
// A file that cannot even be loaded fails with no test in it.
const failed = vitest.status === 0 ? 0 : Math.max(1, counts.numFailedTests);
const skipped = counts.numPendingTests + counts.numTodoTests;
process.stdout.write(`${counts.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = vitest.status ?? 1;
