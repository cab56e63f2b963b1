/** A preprocessing, decided from what the user said. */
import { z } from 'zod';
import { dataHomeOf, type HdfsFlags } from '../config.js';
import type { Host } from '../hosts.js';
import { bytes, oneOf, parseOptions, text, threads, whole } from '../option-schemas.js';
import { hostsOf, threadsOf } from '../run-hosts.js';

/** What a user may say. Numbers may come as text, as on a command line. */
export interface PreprocessOptions extends HdfsFlags {
  /** `fashion-mnist`, or a weft data set: its folder or hdfs:// location. */
  source: string;
  /** Folder or hdfs:// location of the data set that is to be. */
  destination: string;
  /** As `grayscale,resize=128,pca=784,standardize,reshape=28x28x1`. */
  steps: string;
  /** Path of a hosts file; without one, two workers run on this machine. */
  hosts?: string;
  /** Where a Pca computes: `auto` takes a GPU where there is one. */
  device?: string;
  /** Threads a worker; `auto` divides the cores by the slots. */
  threads?: number | string;
  /** Bytes of prepared images that are kept between the passes of a fit, over all workers, as `1GiB`. */
  cache?: number | string;
  /** Of a Pca's random start. */
  seed?: number | string;
  /** Of the data set that is to be; the source's by default. */
  name?: string;
  /** Throws away what an interrupted preprocessing has left there. */
  restart?: boolean;
  /** Replaces the data set that is there, at the very end. */
  overwrite?: boolean;
  /** Does without TLS where hosts are addressed over a network. */
  insecure?: boolean;
}

/** A preprocessing, decided. */
export interface PreprocessConfig {
  readonly source: string;
  readonly destination: string;
  readonly steps: string;
  readonly hosts: readonly Host[];
  readonly device: 'auto' | 'cpu' | 'gpu';
  readonly threads: number;
  readonly cacheBytes: number;
  readonly seed: number;
  /** null: the source's. */
  readonly name: string | null;
  readonly restart: boolean;
  readonly overwrite: boolean;
  readonly insecure: boolean;
  /** Where converted data sets are kept. */
  readonly dataHome: string;
}

const yes = z.boolean('true or false').default(false);
const SCHEMA = z.strictObject({
  source: text,
  destination: text,
  steps: text,
  hosts: text.optional(),
  device: oneOf(['auto', 'cpu', 'gpu']).default('auto'),
  threads,
  cache: bytes('bytes, as 1GiB, up to 1024GiB').default(2 ** 30),
  seed: whole(0, 0xffff_ffff).default(1),
  name: text.optional(),
  restart: yes,
  overwrite: yes,
  insecure: yes,
  hdfsUser: text.optional(),
  hdfsToken: text.optional(),
});

/**
 * Decides a preprocessing from what the user said and the environment.
 *
 * @throws {ClusterError} `usage`: one line that names the flag, or the line of the hosts file
 * @example configurePreprocess({ source: 'fashion-mnist', destination: 'small', steps: 'pca=50' }, process.env)
 */
export function configurePreprocess(options: PreprocessOptions, env: NodeJS.ProcessEnv): PreprocessConfig {
  const given = parseOptions(SCHEMA, options, { source: 'SRC', destination: 'DST' });
  const { source, destination, steps, device, seed, restart, overwrite, insecure } = given;
  const hosts = hostsOf(given.hosts);
  return Object.freeze({
    ...{ source, destination, steps, hosts, device, seed, restart, overwrite, insecure },
    threads: given.threads ?? threadsOf(hosts),
    cacheBytes: given.cache,
    name: given.name ?? null,
    dataHome: dataHomeOf(env),
  });
}
