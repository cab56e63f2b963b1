/** A real Hadoop for tests; where there is no Java, or there are no jars, their suites are skipped, and a line says why. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { dataHome, LoaderError } from '@weft/hdfs-loader';
import { type Hadoop, type HadoopOptions, prepareHadoop, startHadoop } from '@weft/hdfs-loader/hadoop';

export type StartTestHadoop = (options?: Partial<HadoopOptions>) => Promise<Hadoop>;

/** Small blocks, and DataNodes whose death is noticed after 12 s. */
const DEFAULTS = { dataNodes: 3, replication: 2, blockSize: 1 << 20, heartbeatSeconds: 1, recheckMs: 1_000 };

/** Starting takes 5 to 10 s, and several times that on a busy machine. */
export const START_MS = 180_000;

/**
 * Finds Java and fetches the jars where they are missing.
 *
 * @returns what starts a Hadoop; null where it cannot be had, which is said on standard error
 * @example
 * const start = await hadoopOrSkip();
 * describe.skipIf(!start)('on Hadoop', () => {
 *   let hadoop: Hadoop;
 *   beforeAll(async () => void (hadoop = await start!()), START_MS);
 *   afterAll(() => hadoop?.close());
 * });
 */
export async function hadoopOrSkip(): Promise<StartTestHadoop | null> {
  const { env } = process;
  try {
    const prepared = await prepareHadoop({
      dataHome: dataHome(env),
      javaHome: env['JAVA_HOME'],
      searchPath: env['PATH'],
      repository: env['WEFT_MAVEN_REPOSITORY'],
      localRepositories: [join(homedir(), '.m2', 'repository')],
    });
    return (options = {}) => startHadoop({ ...prepared, ...DEFAULTS, ...options });
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    process.stderr.write(`tests on Hadoop skipped: ${error.message}\n`);
    return null;
  }
}
