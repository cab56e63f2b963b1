/** Where `npm run setup -- --tensorflow` puts its build by default, and whether there is one. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { describe, it } from 'vitest';
import { findTensorflow } from '../src/tensorflow-library.js';

const { WEFT_DATA_DIR, XDG_DATA_HOME = '' } = process.env;
const shared = isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(homedir(), '.local', 'share');

export const tensorflowDir = join(WEFT_DATA_DIR || join(shared, 'weft'), 'tensorflow');

export const tensorflow = findTensorflow(tensorflowDir);

/** A suite that needs the library: one test that is seen to be skipped where there is none. */
export function describeTensorflow(what: string, suite: () => void): void {
  const missing = typeof tensorflow === 'string';
  const skipped = () => it(`tensorflow ${tensorflow}`, () => undefined);
  describe.skipIf(missing)(what, missing ? skipped : suite);
}
