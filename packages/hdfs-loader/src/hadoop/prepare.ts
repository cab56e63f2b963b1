/** What Hadoop needs before it can be started. */
import { findClassArchive } from './class-archive.js';
import { type FetchJarsOptions, fetchJars } from './jars.js';
import { findJava, type Java } from './java.js';

export interface PrepareOptions extends FetchJarsOptions {
  /** As JAVA_HOME. */
  readonly javaHome?: string | undefined;
  /** As PATH. */
  readonly searchPath?: string | undefined;
}

/** What startHadoop and localUp run. */
export interface Prepared {
  readonly java: Java;
  readonly jarsDir: string;
  /** Where one was made. */
  readonly classArchive: string | undefined;
}

/**
 * Finds Java, then fetches the jars that are not there yet.
 *
 * @throws LoaderError NOT_FOUND without Java 17; UNAVAILABLE, NOT_FOUND or IO when a jar cannot be had
 * @example await startHadoop({ ...(await prepareHadoop({ dataHome: dataHome(process.env), searchPath: process.env.PATH })), dataNodes: 3 })
 */
export async function prepareHadoop(options: PrepareOptions): Promise<Prepared> {
  const java = await findJava(options);
  const jarsDir = await fetchJars(options);
  return { java, jarsDir, classArchive: await findClassArchive({ java, jarsDir }) };
}
