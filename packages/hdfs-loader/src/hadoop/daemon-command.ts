/** The command lines of Hadoop's daemons and tools, and what their logs say. */
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { dataNodeProperties, type Properties } from './configuration.js';
import type { Layout } from './layout.js';
import { type Program, QUICK_JVM } from './program.js';

const NAME_NODE = 'org.apache.hadoop.hdfs.server.namenode.NameNode';
const DATA_NODE = 'org.apache.hadoop.hdfs.server.datanode.DataNode';

/** A process to start. */
export interface DaemonCommand {
  /** As nn1, dn3. */
  readonly id: string;
  readonly words: readonly string[];
  /** What Hadoop logs. */
  readonly logFile: string;
  /** What the JVM itself says. */
  readonly outFile: string;
}

const define = (properties: Properties): string[] =>
  Object.entries(properties).flatMap(([name, value]) => ['-D', `${name}=${value}`]);

/** The jars come first: an archive of their classes is good for class paths that begin with them. */
function javaWords({ java, jarsDir, layout, classArchive }: Program, jvmArgs: readonly string[]): string[] {
  const archive = classArchive === undefined ? [] : [`-XX:SharedArchiveFile=${classArchive}`];
  const path = [join(jarsDir, '*'), layout.confDir].join(delimiter);
  return [java.path, ...jvmArgs, ...archive, '-Djava.net.preferIPv4Stack=true', '-cp', path];
}

/** A tool of Hadoop, as `org.apache.hadoop.hdfs.tools.DFSAdmin`. */
export function toolWords(program: Program, className: string, args: readonly string[]): string[] {
  return [...javaWords(program, QUICK_JVM), className, ...args];
}

function daemon(program: Program, o: { id: string; className: string; args: readonly string[] }): DaemonCommand {
  const { logDir } = program.layout;
  const logFile = join(logDir, `${o.id}.log`);
  const log = ['-Dhadoop.root.logger=INFO,file', `-Dhadoop.log.file=${logFile}`, `-Dhadoop.log.dir=${logDir}`];
  const words = [...javaWords(program, [...program.jvmArgs, ...log]), o.className, ...o.args];
  return { id: o.id, words, logFile, outFile: join(logDir, `${o.id}.out`) };
}

/** Of two NameNodes on one machine, each must be told which it is. */
function which(layout: Layout, i: number): Properties {
  return layout.nameNodes.length > 1 ? { 'dfs.ha.namenode.id': layout.nameNodes[i]?.id ?? '' } : {};
}

export function nameNodeCommand(program: Program, i: number): DaemonCommand {
  const id = program.layout.nameNodes[i]?.id ?? '';
  return daemon(program, { id, className: NAME_NODE, args: define(which(program.layout, i)) });
}

/** Makes the first NameNode's folder, or the second's out of the running first. */
export function formatCommand(program: Program, i: number): DaemonCommand {
  const what = i === 0 ? '-format' : '-bootstrapStandby';
  const args = [...define(which(program.layout, i)), what, '-nonInteractive'];
  return daemon(program, { id: `format-${program.layout.nameNodes[i]?.id}`, className: NAME_NODE, args });
}

export function dataNodeCommand(program: Program, i: number): DaemonCommand {
  const id = program.layout.dataNodes[i]?.id ?? '';
  return daemon(program, { id, className: DATA_NODE, args: define(dataNodeProperties(program.layout, i)) });
}

/** Why a daemon ended: the last error that it logged with its exception, else the last line that it, or the JVM, wrote. */
export async function lastWords({ logFile, outFile }: DaemonCommand): Promise<string> {
  const read = async (file: string): Promise<string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line.trim() !== '');
  const log = await read(logFile);
  const at = log.findLastIndex((line) => / (ERROR|FATAL) /.test(line));
  if (at >= 0) {
    const message = log[at]?.replace(/^\S+ \S+ /, '') ?? '';
    // Below its first line stand the exceptions and where they come from; the last cause is the reason.
    const below = log.slice(at + 1, at + 200);
    const end = below.findIndex((line) => /^\d{4}-\d\d-\d\d /.test(line));
    const causes = below.slice(0, end < 0 ? undefined : end).filter((line) => !/^\s|^SHUTDOWN|^[/*]/.test(line));
    const cause = causes.at(-1)?.replace(/^Caused by: /, '');
    return cause === undefined ? message : `${message}: ${cause}`;
  }
  const out = await read(outFile);
  return out.at(0) ?? log.at(-1) ?? 'it wrote nothing';
}
