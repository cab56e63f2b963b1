/** What Hadoop needs before it can be started. */
import { type FetchJarsOptions, fetchJars } from './jars.js';
import { findJava, type Java } from './java.js';

export interface PrepareOptions extends FetchJarsOptions {
  /** As JAVA_HOME. */
  readonly javaHome?: string | undefined;
  /** As PATH. */
  readonly searchPath?: string | undefined;
}

/**
 * Finds Java, then fetches the jars that are not there yet.
 *
 * @throws LoaderError NOT_FOUND without Java 17; UNAVAILABLE, NOT_FOUND or IO when a jar cannot be had
 * @example await startHadoop({ ...(await prepareHadoop({ dataHome: dataHome(process.env), searchPath: process.env.PATH })), dataNodes: 3 })
 */
export async function prepareHadoop(options: PrepareOptions): Promise<{ java: Java; jarsDir: string }> {
  const java = await findJava(options);
  return { java, jarsDir: await fetchJars(options) };
}
