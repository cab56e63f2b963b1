/** `pnpm cluster …`, or `npm run cluster -- …`: sets up what is not up to date, then runs the command line in this process. */
import { setUp } from './setup.mjs';

setUp();
// In this process, so that killing it kills the coordinator, and its processes with it.
const { main } = await import('../apps/cluster/dist/main.js');
process.exitCode = await main(process.argv.slice(2));
