/** Where `npm run setup -- --tensorflow` puts its build by default, and whether there is one: elsewhere its tests are skipped. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findTensorflow } from '../src/tensorflow-library.js';

const { WEFT_DATA_DIR, XDG_DATA_HOME } = process.env;
const data = WEFT_DATA_DIR || join(XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'weft');

export const tensorflowDir = join(data, 'tensorflow');

const location = findTensorflow(tensorflowDir);

/** null where it can run. */
export const tensorflowMissing = typeof location === 'string' ? location : null;

/** Title of a suite that needs it. */
export const titled = (what: string) =>
  tensorflowMissing === null ? what : `${what}: skipped, tensorflow ${tensorflowMissing}`;
