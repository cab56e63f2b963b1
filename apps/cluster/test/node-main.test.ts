import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { listen } from '@weft/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlKind } from '../src/control-messages.js';

const NODE_MAIN = fileURLToPath(new URL('../dist/node-main.js', import.meta.url));

/** The process that a run starts. */
function startProcess() {
  const child = spawn(process.execPath, [NODE_MAIN], { stdio: ['pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, ended: async () => ({ code: await closed, err }) };
}

/** A coordinator that lets a shard join and never answers, and the start line of that shard. */
async function patientCoordinator() {
  let joined = (): void => {};
  const joining = new Promise<void>((resolve) => {
    joined = resolve;
  });
  const token = Buffer.alloc(32, 3);
  const server = await listen({
    identity: { role: 'coordinator', rank: 0, run: 'r' },
    token,
    handler: () => {
      joined();
      return new Promise(() => {});
    },
  });
  onTestFinished(() => server.close());
  const { host, port } = server;
  const start = {
    role: 'shard',
    rank: 0,
    run: 'r',
    token: token.toString('hex'),
    insecure: false,
    host,
    port,
    listen: { host, port: 0 },
  };
  return { server, joining, line: `${JSON.stringify(start)}\n` };
}

describe('node-main', { timeout: 60_000 }, () => {
  it.each([
    ['no JSON', 'nothing\n', 'SyntaxError'],
    ['no start', '{"role":"worker"}\n', 'start: rank: '],
  ])('ends with 1 when its first line is %s', async (_, line, problem) => {
    const { child, ended } = startProcess();
    child.stdin.write(line);
    const { code, err } = await ended();
    expect(code).toBe(1);
    expect(err).toContain(problem);
  });

  it('ends when its standard input does: before and after its first line', async () => {
    const early = startProcess();
    early.child.stdin.end();
    expect((await early.ended()).err).toContain('the coordinator closed the standard input');
    const { joining, line } = await patientCoordinator();
    const late = startProcess();
    late.child.stdin.write(line);
    await joining;
    late.child.stdin.end();
    expect(await late.ended()).toEqual({ code: 3, err: expect.stringContaining('closed the standard input') });
  });

  it('ends when the coordinator’s connection does', async () => {
    const { server, joining, line } = await patientCoordinator();
    const { child, ended } = startProcess();
    child.stdin.write(line);
    await joining;
    await server.close();
    expect(await ended()).toMatchObject({ code: 3, err: expect.stringContaining('closed the connection') });
  });

  it('answers nothing but stop before it has parameters, and no state ever', async () => {
    const { server, joining, line } = await patientCoordinator();
    const { child } = startProcess();
    child.stdin.write(line);
    await joining;
    const [connection] = server.connections;
    for (const kind of [ControlKind.parameters, ControlKind.state]) {
      await expect(connection!.request(kind, {})).rejects.toThrow(
        `shard 0: stop expected, or parameters once there are some, got kind ${kind}`,
      );
    }
  });

  it('ends well when it is told to, and leaves Ctrl-C to the coordinator', async () => {
    const { server, joining, line } = await patientCoordinator();
    const { child, ended } = startProcess();
    child.stdin.write(line);
    await joining;
    child.kill('SIGINT');
    for (const connection of server.connections) await connection.notify(ControlKind.stop, {});
    expect(await ended()).toEqual({ code: 0, err: '' });
  });
});
