import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HdfsWriter } from '../../src/storage/hdfs-writer.js';
import { NameNodes } from '../../src/storage/name-nodes.js';
import {
  answerLost,
  busy,
  closed,
  denied,
  type Fault,
  noDataNode,
  quota,
  redirectTo,
  refuse,
  reset,
  safeMode,
  silent,
  standby,
} from '../fake-faults.js';
import { addressesOf, patterned, QUICK, SILENCE_MS } from '../fake-storage.js';
import { type FakeOptions, FakeWebHdfs } from '../fake-web-hdfs.js';

const bytes = patterned(3_000_000);

async function writing(o: FakeOptions & { deadlineMs?: number; idleMs?: number } = {}): Promise<{
  fake: FakeWebHdfs;
  writer: HdfsWriter;
}> {
  const { deadlineMs = QUICK.retry.deadlineMs, idleMs = QUICK.idleMs, ...options } = o;
  const fake = await FakeWebHdfs.start({ dataNodes: 3, ...options });
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const addresses = addressesOf(fake);
  const retry = { ...QUICK.retry, deadlineMs };
  const nameNodes = new NameNodes({ addresses, credentials: {}, retry, idleMs, agent });
  const lengthOf = (path: string): Promise<number> => Promise.resolve(fake.tree.find(path)?.bytes?.length ?? 0);
  return { fake, writer: new HdfsWriter({ nameNodes, retry, idleMs, ca: undefined, lengthOf }) };
}

async function* streamed(pieceBytes = 1_000_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

const create = (writer: HdfsWriter, data: Parameters<HdfsWriter['create']>[1], signal?: AbortSignal) =>
  writer.create('/f', data, { parameters: {}, shownAs: '/f', signal });

const holds = (fake: FakeWebHdfs): boolean => Buffer.compare(fake.tree.file('/f').bytes, bytes) === 0;

const takesSomeThen =
  (fault: Fault): Fault =>
  (exchange) =>
    void exchange.request.once('data', () => void fault(exchange));

describe('data that can be gone over again', () => {
  it.each([
    ['resets', reset],
    ['closes', closed],
    ['says nothing', silent],
    ['is busy', busy],
    ['resets after it took in some', takesSomeThen(reset)],
    ['answers nothing after it took in all', answerLost],
    ['has no NameNode', refuse(403, 'ConnectException', 'Connection refused')],
    ['is in safe mode', safeMode],
    ['is of a standby', standby],
    [
      'finds no others',
      refuse(403, 'IOException', 'File /f could only be written to 0 of the 1 minReplication nodes.'),
    ],
  ])('is sent again when the DataNode %s', async (_, fault) => {
    const { fake, writer } = await writing(fault === silent ? { idleMs: SILENCE_MS } : {});
    fake.fault({ op: 'CREATE', at: 'dn' }, fault, 2);
    expect(await create(writer, bytes)).toBe(bytes.length);
    expect(holds(fake)).toBe(true);
    expect(fake.count({ op: 'CREATE', at: 'dn' })).toBe(3);
  });

  it('is an array too', async () => {
    const { fake, writer } = await writing();
    fake.fault({ op: 'CREATE', at: 'dn' }, takesSomeThen(reset), 1);
    expect(await create(writer, [bytes.subarray(0, 7), bytes.subarray(7)])).toBe(bytes.length);
    expect(holds(fake)).toBe(true);
  });

  it.each([
    ['denied', denied, 'PERMISSION'],
    ['over quota', quota, 'QUOTA'],
    ['there already', refuse(403, 'FileAlreadyExistsException', '/f already exists'), 'EXISTS'],
  ])('is not sent again where it is %s', async (_, fault, code) => {
    const { fake, writer } = await writing();
    fake.fault({ op: 'CREATE', at: 'dn' }, fault);
    await expect(create(writer, new Uint8Array(64 << 20))).rejects.toMatchObject({ code });
  });

  it('gives up at the deadline, in one line', async () => {
    const { fake, writer } = await writing({ deadlineMs: 100 });
    fake.fault({ op: 'CREATE', at: 'dn' }, reset);
    await expect(create(writer, bytes)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /^CREATE hdfs:\/\/\S+\/f: 127\.0\.0\.1:\d+: .+ \(given up after \d+ tries in \d\.\d s\)$/,
      ) as string,
    });
  });

  it('leaves a DataNode out that has failed, until none is left', async () => {
    const { fake, writer } = await writing();
    fake.fault({ op: 'CREATE', at: 'dn' }, reset, 1);
    fake.fault({ op: 'CREATE', at: 'nn' }, (exchange) => {
      const excluded = new URL(exchange.request.url!, 'http://nn').searchParams.get('excludedatanodes');
      return excluded === null ? exchange.serve() : noDataNode(exchange);
    });
    expect(await create(writer, bytes)).toBe(bytes.length);
    const excluded = fake.seen
      .filter(({ op, at }) => op === 'CREATE' && at === 'nn1')
      .map(({ parameters }) => parameters['excludedatanodes']);
    expect(excluded).toEqual([undefined, '127.0.0.1', undefined]);
  });
});

describe('data that cannot', () => {
  it('is sent once, whole', async () => {
    const { fake, writer } = await writing();
    expect(await create(writer, streamed())).toBe(bytes.length);
    expect(holds(fake)).toBe(true);
  });

  it('is not begun at a DataNode that is dead', async () => {
    const { fake, writer } = await writing();
    await fake.stop('dn1');
    const dead = redirectTo(`http://${fake.address('dn1')}/webhdfs/v1/f?op=CREATE`);
    fake.fault({ op: 'CREATE', at: 'nn' }, dead, 3);
    expect(await create(writer, streamed())).toBe(bytes.length);
    expect(holds(fake)).toBe(true);
  });

  it('is whole when only the answer was lost', async () => {
    const { fake, writer } = await writing();
    fake.fault({ op: 'CREATE', at: 'dn' }, answerLost);
    expect(await create(writer, streamed())).toBe(bytes.length);
    expect(fake.count({ op: 'CREATE', at: 'dn' })).toBe(1);
  });

  it('is lost with its DataNode, which the error says', async () => {
    const { fake, writer } = await writing();
    fake.fault({ op: 'CREATE', at: 'dn' }, takesSomeThen(reset));
    await expect(create(writer, streamed())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /^CREATE hdfs:\/\/\S+\/f, after \d+ bytes of data that cannot be gone over again: 127\.0\.0\.1:\d+: .+$/,
      ) as string,
    });
    expect(fake.count({ op: 'CREATE', at: 'dn' })).toBe(1);
  });
});

describe('append', () => {
  it('is tried again where nothing was sent', async () => {
    const { fake, writer } = await writing();
    fake.tree.put('/f', bytes.subarray(0, 10));
    await fake.stop('dn1');
    fake.fault({ op: 'APPEND', at: 'nn' }, redirectTo(`http://${fake.address('dn1')}/webhdfs/v1/f?op=APPEND`), 2);
    expect(await writer.append('/f', bytes.subarray(10), { signal: undefined })).toBe(bytes.length - 10);
    expect(holds(fake)).toBe(true);
  });

  it('is not where some was', async () => {
    const { fake, writer } = await writing();
    fake.tree.put('/f', new Uint8Array(0));
    fake.fault({ op: 'APPEND', at: 'dn' }, takesSomeThen(reset));
    await expect(writer.append('/f', bytes, { signal: undefined })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/after \d+ bytes, which may or may not be in the file: /) as string,
    });
    expect(fake.count({ op: 'APPEND', at: 'dn' })).toBe(1);
  });
});

it('sends to a gateway, which redirects to itself', async () => {
  const { fake, writer } = await writing({ httpFs: true });
  expect(await create(writer, streamed())).toBe(bytes.length);
  await writer.append('/f', bytes.subarray(0, 1), { signal: undefined });
  expect(fake.tree.file('/f').bytes.length).toBe(bytes.length + 1);
});
