import { expect, it } from 'vitest';
import type { Job } from '../../src/collectives/executor.js';
import { collectiveHead, headOf } from '../../src/collectives/frame-head.js';
import { openExecutor } from '../../src/collectives/open-executor.js';
import { ringSchedule } from '../../src/collectives/ring-schedule.js';
import { channelsOfTwo } from './channels.js';

const job = (rank: number, vector: Float32Array, o: Partial<Job> = {}): Job => ({
  program: ringSchedule({ rank, size: 2 }, vector.length, ['reduce-scatter', 'all-gather']),
  vector,
  wire: 'float32',
  op: 'sum',
  factor: 1,
  head: collectiveHead({ sequence: 1, term: 0, header: { collective: 'test' }, crc: true }),
  timeoutMs: 10_000,
  ...o,
});
/** What every executor does, whoever moves its bytes. */
export function itIsAnExecutor(kind: 'native' | 'socket'): void {
  const how = { crc: true, spins: 0, kind } as const;

  it('carries a program out with a peer', async () => {
    const executors = (await channelsOfTwo()).map((channels) => openExecutor({ channels, ...how }));
    const vectors = [Float32Array.of(1, 2, 3), Float32Array.of(10, 20, 30)];
    const failures = await Promise.all(executors.map((executor, rank) => executor.run(job(rank, vectors[rank]!))));
    expect(failures).toEqual([undefined, undefined]);
    expect(vectors.map((v) => [...v])).toEqual(Array(2).fill([11, 22, 33]));
    for (const executor of executors) executor.close();
  });

  it('takes frames that came in any pieces, and says how far one had come', async () => {
    const [channels, far] = await channelsOfTwo();
    const executor = openExecutor({ channels, ...how });
    const vector = Float32Array.of(1, 2, 3, 4);
    const running = executor.run(job(0, vector, { timeoutMs: 300 }));
    const { socket } = far.get(0)!.send!;
    const head = headOf(job(0, vector).head, 8);
    for (const byte of [...head, 1, 2, 3, 4, 5]) await new Promise((sent) => socket.write(Uint8Array.of(byte), sent));
    expect(await running).toMatchObject({
      failure: 'timeout',
      receiving: true,
      peer: 1,
      transfer: 0,
      bytes: 5,
      expectedBytes: 8,
    });
  });

  it('refuses bytes that were changed on the way', async () => {
    const [channels, far] = await channelsOfTwo();
    const executor = openExecutor({ channels, ...how });
    const running = executor.run(job(0, Float32Array.of(1, 2, 3, 4)));
    const head = headOf(job(0, new Float32Array(4)).head, 8);
    far.get(0)!.send!.socket.write(Buffer.concat([head, new Uint8Array(8), Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0)]));
    expect(await running).toMatchObject({ failure: 'checksum', peer: 1 });
  });

  it('refuses another frame before its payload is there, and hands on what came', async () => {
    const [channels, far] = await channelsOfTwo();
    const executor = openExecutor({ channels, ...how });
    const running = executor.run(job(0, Float32Array.of(1, 2, 3, 4)));
    const other = headOf(collectiveHead({ sequence: 2, term: 0, header: { collective: 'test' }, crc: true }), 8);
    far.get(0)!.send!.socket.write(other);
    const failure = await running;
    expect(failure).toMatchObject({ failure: 'head', peer: 1 });
    expect(Buffer.from(failure!.came!).subarray(0, 40)).toEqual(Buffer.from(other.subarray(0, 40)));
  });

  it('notices the end of a peer, and an abort', async () => {
    const [channels, far] = await channelsOfTwo();
    const executor = openExecutor({ channels, ...how });
    const running = executor.run(job(0, new Float32Array(4)));
    far.get(0)!.send!.socket.destroy();
    expect(await running).toMatchObject({ failure: 'lost', peer: 1 });
    const [others] = await channelsOfTwo();
    const aborted = openExecutor({ channels: others, ...how });
    const waiting = aborted.run(job(0, new Float32Array(4)));
    aborted.abort();
    expect(await waiting).toMatchObject({ failure: 'aborted' });
    aborted.close();
  });
}
