/** The collectives: each rank of a group calls the same ones, in the same order, on a flat float32 vector of the same length. */
import type { Vector } from '@weft/native';
import type { WaitOptions } from '../connection.js';
import { TransportError } from '../errors.js';
import { type ShardRange, shardRanges } from '../shard-ranges.js';
import type { Reduction, Wire } from './executor.js';
import { type Group, OpenGroup } from './group.js';
import type { Program } from './program.js';
import { ringSchedule } from './ring-schedule.js';
import {
  binomialBroadcast,
  binomialGather,
  chainBroadcast,
  disseminationBarrier,
  recursiveDoubling,
} from './tree-schedule.js';

/** timeoutMs (default 30,000) bounds the whole collective. The vector is the group's until the promise settles. */
export interface CollectiveOptions extends WaitOptions {
  /** How elements are written on the wire: float32, or fewer bits, rounded at every hop. Default float32. */
  readonly wire?: Wire | undefined;
}

export interface ReduceOptions extends CollectiveOptions {
  /** Default sum. */
  readonly op?: 'sum' | 'mean' | 'max' | undefined;
}

/** Vectors up to this length are reduced by recursive doubling, longer ones by the ring. */
export const SMALL_BYTES = 64 * 1024;

const WIRES: readonly Wire[] = ['float32', 'fp16', 'bf16', 'int8'];
const OPS = ['sum', 'mean', 'max'] as const;

/**
 * All-reduce by the ring: afterwards every rank's vector holds the reduction over all ranks, the same bits everywhere.
 * Each rank sends and receives 2 (P − 1)/P times the vector (Patarasuk and Yuan 2009). Sums are float32, in the ring's order: they
 * depend on P and n, and on nothing else. After an error the vector's content is undefined, and the group of no more use.
 *
 * @param vector float32[n], reduced in place
 * @throws {TransportError} `configuration`, `timeout`, `aborted`, `closed`, `lost` where a rank is gone, `protocol` where ranks call
 *   different collectives, `checksum`
 * @example await ringAllReduce(group, gradients, { op: 'mean' });
 */
export function ringAllReduce(group: Group, vector: Vector, o: ReduceOptions = {}): Promise<void> {
  const program = () => ringSchedule(group, vector.length, ['reduce-scatter', 'all-gather']);
  return reduce(group, vector, o, { name: 'ring-all-reduce', program });
}

/**
 * All-reduce by what suits the length: recursive doubling up to 64 KiB, the ring above. Otherwise as ringAllReduce.
 *
 * @example await allReduce(group, loss, { op: 'mean' });
 */
export async function allReduce(group: Group, vector: Vector, o: ReduceOptions = {}): Promise<void> {
  if (vector?.byteLength > SMALL_BYTES) return await ringAllReduce(group, vector, o);
  return await reduce(group, vector, o, { name: 'all-reduce', program: () => recursiveDoubling(group, vector.length) });
}

/**
 * Reduce-scatter: afterwards each rank's range of the vector, shardRanges(n, P)[rank], holds the reduction over all ranks. The rest
 * of the vector holds partial results.
 *
 * @returns the range
 * @throws {TransportError} as ringAllReduce
 * @example const { start, end } = await reduceScatter(group, gradients, { op: 'mean' });
 */
export async function reduceScatter(group: Group, vector: Vector, o: ReduceOptions = {}): Promise<ShardRange> {
  const program = () => ringSchedule(group, vector.length, ['reduce-scatter']);
  await reduce(group, vector, o, { name: 'reduce-scatter', program });
  return shardRanges(vector.length, group.size)[group.rank]!;
}

/**
 * All-gather in place: each rank brings its range of the vector, shardRanges(n, P)[rank]; afterwards every rank has all of it.
 *
 * @throws {TransportError} as ringAllReduce
 * @example await allGather(group, parameters);
 */
export function allGather(group: Group, vector: Vector, o: CollectiveOptions = {}): Promise<void> {
  const program = () => ringSchedule(group, vector.length, ['all-gather']);
  return call(group, vector, o, { name: 'all-gather', program });
}

/**
 * Broadcast: afterwards every rank's vector is the root's (where the wire rounds, the root's is rounded too). Along a binomial tree up
 * to 64 KiB, above along the ring in pieces.
 *
 * @param root default 0
 * @throws {TransportError} as ringAllReduce
 * @example await broadcast(group, parameters);
 */
export async function broadcast(
  group: Group,
  vector: Vector,
  o: CollectiveOptions & { readonly root?: number | undefined } = {},
): Promise<void> {
  const root = checkRoot(group, o.root);
  const schedule = vector.byteLength <= SMALL_BYTES ? binomialBroadcast : chainBroadcast;
  const program = () => schedule(group, vector.length, root);
  return await call(group, vector, o, { name: 'broadcast', program, root });
}

/**
 * Gather in place: each rank brings its range of the vector, shardRanges(n, P)[rank]; afterwards the root has all of it. What passes
 * through another rank stays in its vector.
 *
 * @param root default 0
 * @throws {TransportError} as ringAllReduce
 * @example await gather(group, parts, { root: 0 });
 */
export async function gather(
  group: Group,
  vector: Vector,
  o: WaitOptions & { readonly root?: number | undefined } = {},
): Promise<void> {
  const root = checkRoot(group, o.root);
  const program = () => binomialGather(group, vector.length, root);
  return await call(group, vector, o, { name: 'gather', program, root });
}

const NOTHING = new Float32Array(0);

/**
 * Barrier: resolves when every rank has called it.
 *
 * @throws {TransportError} as ringAllReduce
 * @example await barrier(group, { timeoutMs: 5_000 });
 */
export function barrier(group: Group, o: WaitOptions = {}): Promise<void> {
  return call(group, NOTHING, o, { name: 'barrier', program: () => disseminationBarrier(group) });
}

type Plan = { readonly name: string; program(): Program; readonly root?: number };

function reduce(group: Group, vector: Vector, o: ReduceOptions, plan: Plan): Promise<void> {
  const { op = 'sum' } = o;
  if (!OPS.includes(op)) return refuse(`op: one of ${OPS.join(', ')} expected, got ${String(op)}`);
  return call(group, vector, o, plan, op);
}

async function call(
  group: Group,
  vector: Vector,
  o: CollectiveOptions,
  { name, program, root }: Plan,
  op?: (typeof OPS)[number],
): Promise<void> {
  const { wire = 'float32', timeoutMs, signal } = o;
  if (!(group instanceof OpenGroup)) return refuse(`${name}: a group of joinGroup expected`);
  if (!(vector instanceof Float32Array)) return refuse(`${name}: a Float32Array expected`);
  if (isResizable(vector)) return refuse(`${name}: a vector whose memory cannot shrink expected`);
  if (!WIRES.includes(wire)) return refuse(`${name}: wire one of ${WIRES.join(', ')} expected, got ${String(wire)}`);
  const elements = vector.length;
  const header = { elements, wire, ...(op && { op }), ...(root !== undefined && { root }) };
  const reduction: Reduction = op === 'max' ? 'max' : 'sum';
  // As a float32: the addon takes it so, and all ranks must.
  const factor = op === 'mean' ? Math.fround(1 / group.size) : 1;
  return await group.run({
    name,
    program,
    root,
    vector,
    elements,
    wire,
    op: reduction,
    factor,
    header,
    timeoutMs,
    signal,
  });
}

function checkRoot(group: Group, root = 0): number {
  if (Number.isInteger(root) && root >= 0 && root < group.size) return root;
  throw new TransportError('configuration', `root: a rank of 0 to ${group.size - 1} expected, got ${String(root)}`);
}

/** Of such memory what is cut off cannot be touched any more, and another thread may be in it. */
function isResizable({ buffer }: Vector): boolean {
  return 'resizable' in buffer && buffer.resizable === true;
}

async function refuse(message: string): Promise<never> {
  throw new TransportError('configuration', message);
}
