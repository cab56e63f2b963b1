import type { Reduction, Wire } from '../../src/collectives/executor.js';
import { JobMemory } from '../../src/collectives/job-memory.js';
import type { Program } from '../../src/collectives/program.js';

/** One rank of a simulated collective. */
interface Member {
  readonly program: Program;
  readonly memory: JobMemory;
  readonly sent: boolean[];
  readonly applied: boolean[];
}

/** Numbers in [0, 1), the same for the same seed (Steele, Lea and Flood 2014). */
function splitMix(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/**
 * Carries out the programs of all ranks in memory, each next action chosen at random among those that are possible; throws when
 * none is and something is left: a deadlock.
 */
export function simulate(
  programs: readonly Program[],
  vectors: readonly Float32Array[],
  o: { op?: Reduction; wire?: Wire; factor?: number; seed?: number } = {},
): void {
  const { op = 'sum', wire = 'float32', factor = 1, seed = 1 } = o;
  const random = splitMix(seed);
  const members: Member[] = programs.map((program, rank) => ({
    program,
    memory: new JobMemory({ program, vector: vectors[rank]!, op, wire, factor, head: new Uint8Array(0), timeoutMs: 1 }),
    sent: program.sends.map(() => false),
    applied: program.receives.map(() => false),
  }));
  const wires = new Map<string, Uint8Array[]>();
  const wireOf = (from: number, to: number): Uint8Array[] => {
    const key = `${from}>${to}`;
    const queue = wires.get(key) ?? [];
    wires.set(key, queue);
    return queue;
  };
  for (;;) {
    const actions: (() => void)[] = [];
    for (const [rank, { program, memory, sent, applied }] of members.entries()) {
      const peersSent = new Set<number>();
      for (const [i, send] of program.sends.entries()) {
        if (sent[i] || peersSent.has(send.peer)) continue;
        peersSent.add(send.peer);
        if (send.after >= 0 && !applied[send.after]) continue;
        actions.push(() => {
          wireOf(rank, send.peer).push(memory.outgoing(send).slice());
          sent[i] = true;
        });
      }
      const peersHeard = new Set<number>();
      for (const [i, receive] of program.receives.entries()) {
        if (applied[i] || peersHeard.has(receive.peer)) continue;
        peersHeard.add(receive.peer);
        const queue = wireOf(receive.peer, rank);
        if (queue.length === 0 || (receive.after >= 0 && !sent[receive.after])) continue;
        actions.push(() => {
          const place = memory.incoming(receive);
          const bytes = queue.shift()!;
          if (place.length !== bytes.length) throw new Error(`${place.length} bytes expected, got ${bytes.length}`);
          place.set(bytes);
          memory.apply(receive, place);
          applied[i] = true;
        });
      }
    }
    if (actions.length === 0) break;
    actions[Math.floor(random() * actions.length)]!();
  }
  const open = members.some(({ sent, applied }) => sent.includes(false) || applied.includes(false));
  const unread = [...wires.values()].some((queue) => queue.length > 0);
  if (open || unread) throw new Error(open ? 'a deadlock' : 'frames that nobody reads');
}
