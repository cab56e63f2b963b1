/** The command line: `pnpm cluster <command>`. */
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { addData } from './commands/data.js';
import { addHdfs } from './commands/hdfs.js';
import { addIngest } from './commands/ingest.js';
import { addPredict } from './commands/predict.js';
import { addPreprocess } from './commands/preprocess.js';
import { addStart } from './commands/start.js';
import { ClusterError, oneLine } from './errors.js';

function program(): Command {
  const root = new Command('cluster')
    .description('Distributed training of tfjs models')
    .exitOverride()
    // main() writes the one line of an error.
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
    .showHelpAfterError(false);
  addStart(root);
  addIngest(root);
  addPreprocess(root);
  addPredict(root);
  addData(root);
  addHdfs(root);
  return root;
}

/** The commands of the one that a line names, `start, data` or `ls, show`. */
function commandsOf(root: Command, argv: readonly string[]): string {
  let named = root;
  for (const word of argv) named = named.commands.find((command) => command.name() === word) ?? named;
  return named.commands.map((command) => command.name()).join(', ');
}

/** A reader that goes (`| head`) or a terminal that closes must not end a run with a stack: what it holds is on disk too. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') process.exitCode = 1;
}

/**
 * Runs a command line.
 *
 * @param argv the words after the program's name
 * @returns the exit status: 0, or not 0 after one line on standard error
 */
export async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(onOutputError)) stream.on('error', onOutputError);
  }
  const root = program();
  try {
    await root.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError) {
      // Without a command commander throws its help away as an error.
      const message =
        error.code === 'commander.help' ? `a command expected: ${commandsOf(root, argv)} (see --help)` : oneLine(error);
      process.stderr.write(`error: ${message.replace(/^error: /, '')}\n`);
      return 2;
    }
    process.stderr.write(`error: ${oneLine(error)}\n`);
    return error instanceof ClusterError ? error.exitStatus : 1;
  }
}
