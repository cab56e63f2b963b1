import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NodeStart } from '../src/control-messages.js';
import { startNode } from '../src/launcher.js';
import { scratchFolder } from './tiny-dataset.js';
import { isAlive } from './tiny-run.js';

/** Nobody listens on port 1. */
const start: NodeStart = {
  role: 'worker',
  rank: 3,
  run: 'r',
  token: 'ab'.repeat(32),
  insecure: false,
  host: '127.0.0.1',
  port: 1,
  listen: { host: '127.0.0.1', port: 0 },
};

describe('startNode', { timeout: 60_000 }, () => {
  it('tells exit and last words of a process that dies at once', async () => {
    const node = await startNode(start, scratchFolder());
    expect(node).toMatchObject({ role: 'worker', rank: 3 });
    expect(await node.exited).toEqual({ code: 1, signal: null });
    expect(node.lastWords()).toMatch(/^TransportError: connect to 127\.0\.0\.1:1: .*ECONNREFUSED/);
    expect(node.logFile).toMatch(/worker-3\.log$/);
    expect(await node.end()).toEqual({ code: 1, signal: null });
  });

  it('says what is wrong with a start line', async () => {
    const node = await startNode({ ...start, token: 'short' }, scratchFolder());
    expect(await node.exited).toEqual({ code: 1, signal: null });
    expect(node.lastWords()).toContain('start: token: ');
  });

  it('ends a process by ending its standard input', async () => {
    const node = await startNode(start, scratchFolder());
    expect(isAlive(node.pid)).toBe(true);
    const { code } = await node.end();
    expect([1, 3]).toContain(code);
    expect(isAlive(node.pid)).toBe(false);
  });

  it('picks the error out of what Node writes around it', async () => {
    const node = await startNode(start, scratchFolder());
    await node.exited;
    writeFileSync(node.logFile, '');
    expect(node.lastWords()).toBe('');
    appendFileSync(node.logFile, 'a note\n\n');
    expect(node.lastWords()).toBe('a note');
    appendFileSync(
      node.logFile,
      "file.js:1\n  ^\n\nTypeError [CODE]: x is bad\n    at f (a.js:1:1) {\n  code: 'X'\n}\n",
    );
    appendFileSync(node.logFile, '\nNode.js v20.20.0\n');
    expect(node.lastWords()).toBe('TypeError [CODE]: x is bad');
    writeFileSync(node.logFile, `${'x'.repeat(200_000)}\nFATAL ERROR: heap out of memory\n 1: 0xb8 node::Abort()\n`);
    expect(node.lastWords()).toBe('FATAL ERROR: heap out of memory');
  });

  it('rejects where no log can be written', async () => {
    await expect(startNode(start, join(scratchFolder(), 'missing'))).rejects.toThrow('ENOENT');
  });
});
