/** A real Hadoop for as long as this process lives: for tests and benchmarks. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeStores } from './certificates.js';
import { writeConfiguration } from './configuration.js';
import type { Hadoop, HadoopOptions } from './hadoop.js';
import { type Layout, planLayout } from './layout.js';
import { QUICK_JVM } from './program.js';
import { RunningHadoop } from './running-hadoop.js';

const TIMEOUT_MS = 180_000;

/**
 * Formats and starts NameNodes and DataNodes as children of this process, which they never outlive, and waits until a file can be created
 * and all DataNodes are known.
 *
 * @throws LoaderError UNAVAILABLE when a daemon ends, with what it logged last; TIMEOUT; EXISTS when a port is taken
 * @example
 * const jarsDir = await fetchJars({ dataHome: dataHome(process.env) });
 * const hadoop = await startHadoop({ java: await findJava({ searchPath: process.env.PATH }), jarsDir, dataNodes: 3, replication: 2 });
 * const { storage } = openStorage(hadoop.url);
 * await hadoop.close();
 */
export async function startHadoop(options: HadoopOptions): Promise<Hadoop> {
  const { java, jarsDir, classArchive, jvmArgs = QUICK_JVM, timeoutMs = TIMEOUT_MS } = options;
  const temporary = options.dir === undefined;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'weft-hadoop-')));
  try {
    await mkdir(dir, { recursive: true });
    const layout = await planLayout({ ...options, dir });
    const stores = layout.https
      ? await makeStores({ java, dir: join(dir, 'stores'), hosts: hostsOf(layout) })
      : undefined;
    await writeConfiguration(layout, { ...options, stores });
    const hadoop = new RunningHadoop(
      { java, jarsDir, layout, jvmArgs, classArchive },
      { ca: stores?.ca, temporary, timeoutMs },
    );
    try {
      await hadoop.begin();
    } catch (error) {
      await hadoop.close();
      throw error;
    }
    return hadoop;
  } catch (error) {
    if (temporary) await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

function hostsOf({ nameNodes, dataNodes }: Layout): string[] {
  return ['localhost', ...nameNodes.map(({ host }) => host), ...dataNodes.map(({ host }) => host)];
}
