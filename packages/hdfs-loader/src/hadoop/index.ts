export { QUICK_JVM } from './daemon-command.js';
export type { Hadoop, HadoopDaemon, HadoopNameNode, HadoopOptions } from './hadoop.js';
export { HADOOP_VERSION } from './jar-list.js';
export { type FetchJarsOptions, fetchJars, jarsDir, MAVEN_CENTRAL, missingJars } from './jars.js';
export { findJava, type Java, javaAdvice } from './java.js';
export { type PrepareOptions, prepareHadoop } from './prepare.js';
export { startHadoop } from './start-hadoop.js';
