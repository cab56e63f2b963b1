/** `npm start`: sets everything up, then trains on the real Fashion-MNIST with two workers and two parameter shards. */
import { setUp } from './setup.mjs';

const COMMAND = ['start', '--trainer', 'adag', '--model', 'mlp', '--epochs', '1', '--shards', '2'];

setUp();
process.stderr.write(`$ pnpm cluster ${COMMAND.join(' ')}\n`);
const { main } = await import('../apps/cluster/dist/main.js');
process.exitCode = await main([...COMMAND, ...process.argv.slice(2)]);
