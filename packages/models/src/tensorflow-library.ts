/** Finding and loading @tensorflow/tfjs-node, which is optional: `npm run setup -- --tensorflow` builds it. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import util from 'node:util';
import { ModelError, messageOf } from './errors.js';
import type { tf } from './tf.js';

/** Where a build lies. */
export interface TensorflowLocation {
  readonly name: '@tensorflow/tfjs-node-gpu' | '@tensorflow/tfjs-node';
  /** The package's folder. */
  readonly root: string;
  /** Its addon's file. */
  readonly addon: string;
}

/** A signature of a SavedModel: outputs by name from inputs by name. */
export interface SavedModelSignature {
  predict(inputs: Record<string, tf.Tensor>): Record<string, tf.Tensor>;
  dispose(): void;
}

/** What weft uses of @tensorflow/tfjs-node. */
export interface TensorflowLibrary {
  readonly node: {
    loadSavedModel(path: string, tags: readonly string[], signature: string): Promise<SavedModelSignature>;
  };
}

/** In the order in which they are looked for: the GPU's build also runs without a GPU. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

const SETUP = 'npm run setup -- --tensorflow';

/**
 * Looks for a build of @tensorflow/tfjs-node(-gpu): in a folder's node_modules, then where Node resolves it for this package.
 * Loads nothing.
 *
 * @param dir what the set-up made; not looked at where absent
 * @returns where it lies, or why there is none (the end of a sentence that begins with the engine's name)
 */
export function findTensorflow(dir?: string): TensorflowLocation | string {
  const from = [...(dir === undefined ? [] : [join(dir, 'package.json')]), import.meta.url];
  let problem = `is not set up here (${SETUP})`;
  for (const start of from) {
    for (const name of PACKAGES) {
      const root = rootOf(name, start);
      if (root === undefined) continue;
      const addon = addonOf(root);
      if (addon !== undefined) return { name, root, addon };
      problem = `has no addon built in ${root} (${SETUP})`;
    }
  }
  return problem;
}

/**
 * Loads it in this thread: the first load of a process fixes the number of threads for all of it.
 *
 * The thread must share the process's environment (SHARE_ENV), through which libtensorflow takes its settings.
 *
 * @param threads that compute one op
 * @throws ModelError `engine-unavailable` when it does not load
 */
export function loadTensorflow({ name, root, addon }: TensorflowLocation, threads: number): TensorflowLibrary {
  setEnvironment(threads);
  restoreNodeUtil();
  try {
    const own = createRequire(import.meta.url);
    const theirs = createRequire(join(root, 'package.json'));
    // One tfjs for both, so that its backend is a backend of ours and its 300 MB copy is never read.
    const tfjs = own.resolve('@tensorflow/tfjs');
    own(tfjs);
    own.cache[theirs.resolve('@tensorflow/tfjs')] = own.cache[tfjs];
    own.cache[addon] = loadForGood(addon);
    return theirs(root) as TensorflowLibrary;
  } catch (cause) {
    throw new ModelError(
      'engine-unavailable',
      `engine tensorflow: ${name} in ${root} does not load: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function rootOf(name: string, from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** lib/napi-vN/tfjs_binding.node, N being a version of Node-API. */
function addonOf(root: string): string | undefined {
  const lib = join(root, 'lib');
  if (!existsSync(lib)) return undefined;
  const addons = readdirSync(lib).map((dir) => join(lib, dir, 'tfjs_binding.node'));
  return addons.find((file) => existsSync(file));
}

/** RTLD_NODELETE, which Node does not name: the same number in glibc and musl. */
const RTLD_NODELETE = { linux: 0x1000, darwin: 0x80 } as const;

/** Loads an addon that stays: unloaded when its thread ends, libtensorflow takes the process with it (seen in 2.21). */
function loadForGood(addon: string): NodeJS.Module {
  const keep = RTLD_NODELETE[process.platform as keyof typeof RTLD_NODELETE] ?? 0;
  const loaded = Object.assign(new Module(addon), { filename: addon });
  process.dlopen(loaded, addon, constants.dlopen.RTLD_LAZY | keep);
  loaded.loaded = true;
  return loaded;
}

function setEnvironment(threads: number): void {
  const { env } = process;
  env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  env['TF_NUM_INTEROP_THREADS'] = '1';
  // What the user has set stays: warnings and errors only, and no replica takes a whole GPU's memory.
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}

/** tfjs-node 4.22.0 calls two functions that Node 23 took away. */
function restoreNodeUtil(): void {
  const old = util as unknown as Record<string, unknown>;
  old['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  old['isArray'] ??= Array.isArray;
}
