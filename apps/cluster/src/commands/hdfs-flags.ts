/** The flags of every command that takes an hdfs:// location: what `storageOptions` of config.ts reads. */
import type { Command } from 'commander';

/** Adds --hdfs-user and --hdfs-token to a command. */
export function addHdfsFlags(command: Command): Command {
  return command
    .option('--hdfs-user <name>', 'whom to be in HDFS (HADOOP_USER_NAME, else the user of this process)')
    .option(
      '--hdfs-token <file>',
      'file with a delegation token: of hdfs fetchdt, or the urlString of GETDELEGATIONTOKEN',
    );
}
