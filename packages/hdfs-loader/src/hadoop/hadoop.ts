/** What a Hadoop that this process has started can do. */
import type { HdfsSettings } from './configuration.js';
import type { Java } from './java.js';
import type { LayoutOptions } from './layout.js';

export interface HadoopOptions extends HdfsSettings, Omit<LayoutOptions, 'dir'> {
  readonly java: Java;
  /** Folder with the jars, as fetchJars gives it. */
  readonly jarsDir: string;
  /** As makeClassArchive gives it. */
  readonly classArchive?: string | undefined;
  /** Folder for everything; it is made, and must have no Hadoop's data in it. Default: a temporary one, deleted by close(). */
  readonly dir?: string;
  /** Flags of the daemons' JVMs. Default QUICK_JVM, which is not for measuring. */
  readonly jvmArgs?: readonly string[];
  /** Until everything is up. Default 3 min. */
  readonly timeoutMs?: number;
}

/** A daemon that tests may do anything to. */
export interface HadoopDaemon {
  /** Of the process that runs, or ran last. */
  readonly pid: number;
  readonly host: string;
  /** WebHDFS and /jmx; HTTPS where that was asked for. The same after a restart. */
  readonly httpPort: number;
  /** Sends a signal, default SIGKILL; after that one it resolves when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the process in order. */
  stop(): Promise<void>;
  /** Starts it again. Resolves when it serves: a DataNode when the NameNodes know it, a NameNode when it is active or stands by. */
  start(): Promise<void>;
}

export interface HadoopNameNode extends HadoopDaemon {
  readonly rpcPort: number;
}

export interface Hadoop {
  readonly nameNodes: readonly HadoopNameNode[];
  readonly dataNodes: readonly HadoopDaemon[];
  /** For openStorage: hdfs://127.0.0.1:PORT, with several NameNodes divided by commas, or swebhdfs://…; the port is that of HTTP. */
  readonly url: string;
  /** fs.defaultFS, for Hadoop's own tools. */
  readonly defaultFs: string;
  /** HADOOP_CONF_DIR for other clients. */
  readonly confDir: string;
  /** Where each daemon's log is, as nn1.log. */
  readonly logDir: string;
  /** Certificate to trust, PEM; undefined without HTTPS. */
  readonly ca: string | undefined;
  /** Resolves when a file can be created: after a restart of the NameNode. @throws LoaderError TIMEOUT */
  ready(): Promise<void>;
  safeMode(action: 'enter' | 'leave'): Promise<void>;
  /** Makes the other NameNode the active one; the one that is active may be dead. */
  failover(): Promise<void>;
  /** Runs a tool, as ('org.apache.hadoop.hdfs.tools.DFSAdmin', ['-report']); about 2 s. @returns its standard output @throws LoaderError IO */
  command(className: string, args: readonly string[]): Promise<string>;
  /** Ends everything at once, and deletes a temporary folder. Idempotent. */
  close(): Promise<void>;
}
