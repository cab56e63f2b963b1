/** `npm start`: sets everything up, then trains on the real Fashion-MNIST with two workers and two parameter shards. */
import { setUp } from './setup.mjs';

setUp();
const { main } = await import('../apps/cluster/dist/main.js');
const { chooseEngine } = await import('../packages/models/dist/index.js');

// A convolution takes minutes on the tfjs engine, and seconds on the native one.
const models = chooseEngine().engine === 'tfjs' ? ['mlp'] : ['mlp', 'cnn'];
for (const model of models) {
  const command = ['start', '--trainer', 'adag', '--model', model, '--epochs', '1', '--shards', '2'];
  process.stderr.write(`\n$ pnpm cluster ${command.join(' ')}\n`);
  process.exitCode = await main([...command, ...process.argv.slice(2)]);
  if (process.exitCode !== 0) break;
}
