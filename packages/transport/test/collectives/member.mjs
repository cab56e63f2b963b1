// A member of a group in a process of its own. It reads one line of JSON, { options, token }, writes its address, reads the addresses of
// all, joins, and calls one all-reduce of n elements: the test kills it there.
import { createInterface } from 'node:readline';
import { joinGroup, ringAllReduce } from '../../dist/index.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const write = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const { n, token, ...options } = await read();
const group = await joinGroup({
  ...options,
  token: Buffer.from(token, 'hex'),
  meet: async (own) => {
    write(own);
    return await read();
  },
});
const reduced = ringAllReduce(group, new Float32Array(n));
write('reducing');
await reduced;
