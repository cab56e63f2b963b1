import { describe, expect, it } from 'vitest';
import type { NodeStart } from '../src/control-messages.js';
import type { ClusterError } from '../src/errors.js';
import { NodeGroup, withPid } from '../src/node-group.js';
import { scratchFolder } from './tiny-dataset.js';
import { isAlive } from './tiny-run.js';

/** Nobody listens on port 1: such a node ends by itself. */
const startOf = (rank: number): NodeStart => ({
  role: 'worker',
  rank,
  run: 'r',
  token: 'ab'.repeat(32),
  insecure: false,
  host: '127.0.0.1',
  port: 1,
  listen: { host: '127.0.0.1', port: 0 },
});

function watched() {
  let tell: (error: ClusterError) => void = () => {};
  const failure = new Promise<ClusterError>((resolve) => {
    tell = resolve;
  });
  const errors: ClusterError[] = [];
  const group = new NodeGroup({
    onFailure: (error) => {
      errors.push(error);
      tell(error);
    },
  });
  return { group, failure, errors };
}

describe('NodeGroup', { timeout: 60_000 }, () => {
  it('tells of a process that ends, with its last words and log', async () => {
    const { group, failure } = watched();
    await group.start([startOf(4)], scratchFolder());
    const [node] = group.nodes;
    const { code, message } = await failure;
    expect(code).toBe('node');
    expect(message).toMatch(
      /^worker 4 \(pid \d+\) ended with status 1: TransportError: connect to .*; log: .*worker-4\.log$/,
    );
    expect(message.startsWith(withPid(node!))).toBe(true);
    await group.end();
  });

  it('uses the words that a process said, not those of its log, and names it once', async () => {
    const { group, failure } = watched();
    await group.start([startOf(4)], scratchFolder());
    group.failed({ role: 'worker', rank: 4 }, 'worker 4: no more data');
    expect((await failure).message).toMatch(/^worker 4: no more data; log: /);
    await group.end();
  });

  it('believes a process that it does not know at once', async () => {
    const { group, failure } = watched();
    group.failed({ role: 'worker', rank: 9 }, 'lost');
    expect((await failure).message).toBe('worker 9: lost');
    await group.end();
  });

  it('ends all, also one that is being started, and is silent then', async () => {
    const { group, errors } = watched();
    const starting = group.start([startOf(0), startOf(1), startOf(2)], scratchFolder());
    await group.end();
    await starting;
    expect(group.nodes).toHaveLength(1);
    expect(group.nodes.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(errors).toEqual([]);
  });
});
