import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { DEFAULT_PORTS, encodePath, locationOf, NameNodes, peerOf } from '../../src/storage/name-nodes.js';
import { connectionFailure, IPC_PORT, RemoteFailure } from '../../src/storage/remote-failure.js';
import { answer, busy, closed, page, redirectTo, refuse, reset, silent, standby, starting } from '../fake-faults.js';
import { addressesOf, QUICK, SILENCE_MS } from '../fake-storage.js';
import { FakeWebHdfs } from '../fake-web-hdfs.js';

function nameNodes(fake: FakeWebHdfs, deadlineMs: number = QUICK.retry.deadlineMs): NameNodes {
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const addresses = addressesOf(fake);
  const retry = { ...QUICK.retry, deadlineMs };
  return new NameNodes({ addresses, credentials: { 'user.name': 'weft' }, retry, idleMs: SILENCE_MS, agent });
}

const LENGTH = z.looseObject({ length: z.number() });

const ask = (of: NameNodes, o: { signal?: AbortSignal } = {}): Promise<{ length: number }> =>
  of.ask({ op: 'GETFILESTATUS', path: '/a', field: 'FileStatus', schema: LENGTH, ...o });

async function started(o: { nameNodes?: number } = {}): Promise<FakeWebHdfs> {
  const fake = await FakeWebHdfs.start(o);
  fake.tree.put('/a', new Uint8Array(7));
  return fake;
}

describe('NameNodes', () => {
  it('asks, with the user, and gives the field', async () => {
    const fake = await started();
    expect(await ask(nameNodes(fake))).toMatchObject({ length: 7, owner: 'weft' });
    expect(fake.seen).toEqual([
      {
        at: 'nn1',
        op: 'GETFILESTATUS',
        method: 'GET',
        path: '/a',
        parameters: { op: 'GETFILESTATUS', 'user.name': 'weft' },
      },
    ]);
  });

  it('gives up at once on a name that nobody knows, but not on one that was known before', async () => {
    const fake = await started();
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND nn'), { code: 'ENOTFOUND' });
    let tries = 0;
    const unknown = () => {
      tries += 1;
      return Promise.reject(connectionFailure('nn:9870', cause));
    };
    const count = (of: NameNodes) => of.call('STAT /a', {}, unknown);
    const of = nameNodes(fake, 100);
    await expect(count(of)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'STAT /a: nn:9870: getaddrinfo ENOTFOUND nn',
    });
    expect(tries).toBe(1);
    await ask(of);
    await expect(count(of)).rejects.toThrow(/given up after/);
    expect(tries).toBeGreaterThan(2);
  });

  it('keeps its connection', async () => {
    const fake = await started();
    const of = nameNodes(fake);
    await ask(of);
    fake.fault({ at: 'nn1' }, closed, 1);
    await ask(of);
    expect(fake.count({ at: 'nn1' })).toBe(3);
  });

  it.each([
    ['a standby', standby],
    ['a dead connection', reset],
    ['silence', silent],
  ])('leaves %s for the other at once, and stays there', async (_, fault) => {
    const fake = await started({ nameNodes: 2 });
    const of = nameNodes(fake);
    fake.fault({ at: 'nn1' }, fault);
    await ask(of);
    await ask(of);
    expect(fake.seen.map(({ at }) => at)).toEqual(['nn1', 'nn2', 'nn2']);
  });

  it('finds the one that is active now, whatever was before', async () => {
    const fake = await started({ nameNodes: 3 });
    const of = nameNodes(fake);
    await fake.stop('nn1');
    fake.fault({ at: 'nn2' }, standby);
    await ask(of);
    fake.heal();
    fake.fault({ at: 'nn3' }, standby);
    await ask(of);
    expect(fake.seen.map(({ at }) => at)).toEqual(['nn2', 'nn3', 'nn3', 'nn2']);
  });

  it('goes round until one becomes active: many calls at a time', async () => {
    const fake = await started({ nameNodes: 2 });
    const of = nameNodes(fake);
    fake.fault({ at: 'nn1' }, standby);
    fake.fault({ at: 'nn2' }, standby, 20);
    const all = await Promise.all(Array.from({ length: 10 }, () => ask(of)));
    expect(all).toHaveLength(10);
  });

  it.each([
    ['a NameNode that starts', starting],
    ['a busy gateway', busy],
  ])('waits for %s', async (_, fault) => {
    const fake = await started();
    fake.fault({ at: 'nn1' }, fault, 3);
    expect(await ask(nameNodes(fake))).toMatchObject({ length: 7 });
    expect(fake.seen).toHaveLength(4);
  });

  it.each([
    ['nothing', answer(''), /expected JSON with FileStatus, got ""$/],
    ['a page', answer('<html>hello'), /expected JSON with FileStatus, got "<html>hello"$/],
    ['other JSON', answer('{"boolean":true}'), /expected JSON with FileStatus, got "\{\\"boolean\\":true\}"$/],
    ['null', answer('null'), /got "null"$/],
    [
      'a field of another shape',
      answer('{"FileStatus":{"length":"7"}}'),
      /expected JSON with FileStatus \(FileStatus\.length: .*got /,
    ],
    ['a page for a 404', page(404, '<html><title>Not Found</title>'), /got HTTP status 404: Not Found$/],
    ['a redirect to a file', redirectTo('file:///a'), /expected a redirect to a DataNode, got location "file:/],
    ['a redirect to nowhere', redirectTo('/'), /expected a redirect to a DataNode, got location "\/"$/],
  ])('says what came instead: %s', async (_, fault, message) => {
    const fake = await started();
    fake.fault({}, fault);
    await expect(ask(nameNodes(fake))).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(message) as string,
    });
    expect(fake.seen).toHaveLength(1);
  });

  it('does not take in an answer without end', async () => {
    const fake = await started();
    const mebibyte = Buffer.alloc(1 << 20, ' ');
    fake.fault({}, ({ response }) => {
      const more = (): void => {
        while (!response.destroyed && response.write(mebibyte));
      };
      response.on('drain', more).on('error', () => {});
      more();
    });
    await expect(ask(nameNodes(fake))).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/expected an answer of at most 67108864 bytes$/) as string,
    });
    await fake.quiet();
  });

  it('gives up at the deadline, with every address and the last answer', async () => {
    const fake = await started({ nameNodes: 2 });
    fake.fault({ at: 'nn1' }, standby);
    await fake.stop('nn2');
    const of = nameNodes(fake, 50);
    await expect(ask(of)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(
        /^GETFILESTATUS hdfs:\/\/127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\/a: .*\(given up after \d+ tries in 0\.\d s\)$/,
      ) as string,
    });
  });

  it('keeps to what is left of an outer deadline', async () => {
    const fake = await started();
    fake.fault({}, starting);
    const of = nameNodes(fake, 1e9);
    await expect(
      of.call('OP', { withinMs: 20 }, async (address, { idleMs }) =>
        of.send({
          url: of.url(address, { op: 'GETFILESTATUS', path: '/a' }),
          method: 'GET',
          signal: undefined,
          idleMs,
        }),
      ),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('ends with the signal while nobody answers, and lets go of the connection', async () => {
    const fake = await started();
    fake.fault({}, silent);
    const stop = new AbortController();
    const arrived = fake.arrival({});
    const asked = ask(nameNodes(fake), { signal: stop.signal });
    await arrived;
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await fake.quiet();
  });

  it('looks for WebHDFS at its own port where the one that was given speaks Hadoop’s own protocol', async () => {
    const fake = await started();
    const of = nameNodes(fake, 50);
    const asked: number[] = [];
    const call = of.call(of.where('OP', '/a'), {}, ({ port }) => {
      asked.push(port);
      const ipc = { status: 404, exception: IPC_PORT, message: 'ipc', remedy: 'none' as const };
      return Promise.reject(
        port === DEFAULT_PORTS.http ? connectionFailure(`nn:${port}`, 'refused') : new RemoteFailure(ipc),
      );
    });
    await expect(call).rejects.toMatchObject({
      message: expect.stringMatching(
        /^OP hdfs:\S+\/a \(port \d+ speaks Hadoop's own protocol; expected that of WebHDFS, tried 9870\): nn:9870: refused/,
      ) as string,
    });
    expect(asked[0]).not.toBe(9870);
    expect(new Set(asked.slice(1))).toEqual(new Set([9870]));
    expect(of.names).toBe('127.0.0.1:9870');
  });

  it('moves on from a redirect to a DataNode that is dead', async () => {
    const fake = await started();
    const port = fake.address('dn1');
    await fake.stop('dn1');
    fake.fault({ op: 'GETFILECHECKSUM', at: 'nn1' }, redirectTo(`http://${port}/webhdfs/v1/a?op=GETFILECHECKSUM`), 1);
    const of = nameNodes(fake);
    const { length } = await of.ask({ op: 'GETFILECHECKSUM', path: '/a', field: 'FileChecksum', schema: LENGTH });
    expect(length).toBe(16);
  });

  it('passes a refusal on at once', async () => {
    const fake = await started();
    fake.fault({}, refuse(403, 'AccessControlException', 'Permission denied: user=eve'));
    await expect(ask(nameNodes(fake))).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringMatching(
        /^GETFILESTATUS hdfs:\/\/\S+\/a: AccessControlException: Permission denied: user=eve$/,
      ) as string,
    });
    expect(fake.seen).toHaveLength(1);
  });
});

describe('addresses', () => {
  it('puts an IPv6 address into brackets', () => {
    expect(peerOf({ host: '::1', port: 1 })).toBe('[::1]:1');
    expect(peerOf({ host: 'nn', port: 1 })).toBe('nn:1');
  });

  it('encodes every character of a path but the slash', () => {
    expect(encodePath('/a b+c%20#d?e&f=ü/😀;')).toBe('/a%20b%2Bc%2520%23d%3Fe%26f%3D%C3%BC/%F0%9F%98%80%3B');
  });

  it('refuses a redirect without an address', () => {
    expect(locationOf({ location: 'http://dn:1/x' })).toBe('http://dn:1/x');
    expect(() => locationOf({})).toThrow('expected a redirect to a DataNode, got location undefined');
  });
});
