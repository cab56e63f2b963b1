export { findClassArchive, makeClassArchive } from './class-archive.js';
export type { Hadoop, HadoopDaemon, HadoopNameNode, HadoopOptions } from './hadoop.js';
export { HADOOP_VERSION } from './jar-list.js';
export { type FetchJarsOptions, fetchJars, jarsDir, MAVEN_CENTRAL, missingJars } from './jars.js';
export { findJava, type Java, javaAdvice } from './java.js';
export {
  type LocalHadoopOptions,
  type LocalSettings,
  localDown,
  localUp,
  type UpOptions,
  type UpResult,
} from './local-hadoop.js';
export { type LocalDaemonStatus, type LocalStatus, localStatus } from './local-status.js';
export { type Prepared, type PrepareOptions, prepareHadoop } from './prepare.js';
export { QUICK_JVM } from './program.js';
export { startHadoop } from './start-hadoop.js';
