/** What Hadoop's processes have in common. */
import type { Java } from './java.js';
import type { Layout } from './layout.js';

/**
 * Flags of the JVM that make short runs start in half the time: only the first compiler, no threads for collecting garbage. For what runs
 * long or is measured give others, as ['-Xmx1g'].
 */
export const QUICK_JVM: readonly string[] = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** What commands are made of. */
export interface Program {
  readonly java: Java;
  readonly jarsDir: string;
  readonly layout: Layout;
  readonly jvmArgs: readonly string[];
  /** Of the classes, as makeClassArchive makes it. */
  readonly classArchive?: string | undefined;
}
