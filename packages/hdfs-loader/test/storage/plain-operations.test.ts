import { describe, expect, it, onTestFinished } from 'vitest';
import { PlainOperations } from '../../src/storage/plain-operations.js';
import { answer, busy, closed, denied, page, reset, silent } from '../fake-faults.js';
import { FakeWebHdfs } from '../fake-web-hdfs.js';

function plain(fake: FakeWebHdfs, o: { query?: Record<string, string> } = {}): PlainOperations {
  const port = Number(fake.address('nn1').split(':')[1]);
  const operations = new PlainOperations(
    { protocol: 'http', host: '127.0.0.1', port },
    { user: o.query ? '' : 'weft', query: o.query ?? {}, ca: undefined },
  );
  onTestFinished(() => operations.close());
  return operations;
}

const call = { idleMs: 1_000, signal: undefined };

describe('PlainOperations', () => {
  it('stats, makes directories and deletes, with the user', async () => {
    const fake = await FakeWebHdfs.start();
    const of = plain(fake);
    await of.mkdirs('/a b/c+d%20#?&', call);
    expect(fake.tree.paths()).toEqual(['/a b', '/a b/c+d%20#?&']);
    expect(await of.stat('/a b/c+d%20#?&', call)).toMatchObject({ type: 'DIRECTORY', owner: 'weft' });
    expect(await of.delete('/a b', true, call)).toBe(true);
    expect(await of.delete('/a b', true, call)).toBe(false);
    expect(fake.seen[0]!.parameters).toMatchObject({ 'user.name': 'weft', permission: '755' });
  });

  it('sends the token in place of the user', async () => {
    const fake = await FakeWebHdfs.start();
    await plain(fake, { query: { delegation: 'abc-_' } }).stat('/', call);
    expect(fake.seen[0]!.parameters).toEqual({ op: 'getfilestatus', delegation: 'abc-_' });
  });

  it('keeps one connection, and lets go of it', async () => {
    const fake = await FakeWebHdfs.start();
    const of = plain(fake);
    await of.stat('/', call);
    await of.stat('/', call);
    of.close();
    await fake.quiet();
    expect(fake.seen).toHaveLength(2);
  });

  it.each([
    ['a refusal', denied, { status: 403, exception: 'AccessControlException', remedy: 'none' }],
    ['503', busy, { status: 503, exception: '', remedy: 'wait' }],
    ['201 and nothing', page(201, ''), { status: 200, message: expect.stringMatching(/got nothing$/) as string }],
    ['nothing', answer(''), { message: expect.stringMatching(/expected a FileStatus, got nothing$/) as string }],
    ['null', answer('null'), { message: expect.stringMatching(/expected a FileStatus, got null$/) as string }],
    ['a page', answer('<html>'), { message: expect.stringMatching(/got "<html>"$/) as string }],
    ['a redirect', page(307, ''), { status: 307, remedy: 'none' }],
    ['a reset', reset, { status: 0, remedy: 'move', ambiguous: true }],
    ['an end', closed, { status: 0, remedy: 'move', ambiguous: true }],
  ])('says what came: %s', async (_, fault, failure) => {
    const fake = await FakeWebHdfs.start();
    fake.fault({}, fault);
    await expect(plain(fake).stat('/', call)).rejects.toMatchObject({ name: 'RemoteFailure', ...failure });
  });

  it('does not take the beginning of an answer for it', async () => {
    const fake = await FakeWebHdfs.start();
    fake.fault({}, ({ response }) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"FileStatus":', () => response.destroy());
    });
    await expect(plain(fake).stat('/', call)).rejects.toMatchObject({ status: 0, remedy: 'move' });
  });

  it('does not take in an answer without end', async () => {
    const fake = await FakeWebHdfs.start();
    fake.fault({}, page(500, 'x'.repeat(8 << 20)));
    await expect(plain(fake).stat('/', call)).rejects.toMatchObject({
      remedy: 'none',
      message: expect.stringMatching(/expected an answer of at most 1048576 bytes, got \d+$/) as string,
    });
    await fake.quiet();
  });

  it('wants true or false of a deletion', async () => {
    const fake = await FakeWebHdfs.start();
    fake.fault({}, answer('{}'));
    await expect(plain(fake).delete('/a', false, call)).rejects.toThrow('expected true or false, got {}');
    fake.heal();
    fake.fault({}, answer('{"boolean":false}'));
    await expect(plain(fake).mkdirs('/a', call)).rejects.toThrow('expected a directory to be made, got false');
  });

  it('does not wait for an answer for longer than it is told to, and lets go', async () => {
    const fake = await FakeWebHdfs.start();
    fake.fault({}, silent);
    await expect(plain(fake).stat('/', { idleMs: 20, signal: undefined })).rejects.toMatchObject({
      status: 0,
      exception: 'timeout',
      ambiguous: true,
      message: expect.stringMatching(/no answer within 20 ms$/) as string,
    });
    await fake.quiet();
  });

  it('ends with the signal, and lets go', async () => {
    const fake = await FakeWebHdfs.start();
    fake.fault({}, silent);
    const stop = new AbortController();
    const arrived = fake.arrival({});
    const asked = plain(fake).stat('/', { idleMs: 1e6, signal: stop.signal });
    await arrived;
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await fake.quiet();
    await expect(plain(fake).stat('/', { idleMs: 1e6, signal: stop.signal })).rejects.toThrow('enough');
  });

  it('says that nobody listens', async () => {
    const fake = await FakeWebHdfs.start();
    await fake.stop('nn1');
    await expect(plain(fake).stat('/', call)).rejects.toMatchObject({ status: 0, remedy: 'move', ambiguous: false });
  });
});
