/** Which bytes are asked of whom: pure. */
import type { BlockId } from './data-transfer.js';
import type { BlockLocation } from './storage.js';

/** A block of a file: where it lies, and its name where it can be read directly. */
export interface LocatedBlock extends BlockLocation {
  readonly block?: BlockId;
}

/** A DataNode that holds a replica. */
export interface Replica {
  readonly host: string;
  /** address:port of its data transfer: what `excludedatanodes` names it by. */
  readonly name: string;
  readonly local: boolean;
}

/** Bytes that are read by one request. */
export interface PlannedRange {
  readonly offset: number;
  readonly length: number;
  /** Who holds the first block, the best first; empty where that is not known. */
  readonly replicas: readonly Replica[];
  /** The block that all of it lies in, and where that begins in the file; for direct reads. */
  readonly block?: { readonly id: BlockId; readonly offset: number };
}

/** DataNodes send packets of this size, from chunks of 512 bytes: a cut elsewhere makes them send some bytes twice. */
const PACKET_BYTES = 64 << 10;

/**
 * Cuts a range of a file into requests. Blocks that follow one another at the same best replica go into one request, up to `rangeBytes`, unless they are read directly;
 * a block that is larger is cut evenly. The best replica is a local one; else the replicas take turns, so that no DataNode is asked for everything.
 *
 * @param blocks of the file, by offset; those outside the range are passed over
 * @param o.isLocal of a host name or address
 */
export function planRanges(
  blocks: readonly LocatedBlock[],
  o: { offset: number; length: number; rangeBytes: number; isLocal: (host: string) => boolean },
): PlannedRange[] {
  const end = o.offset + o.length;
  const ranges: PlannedRange[] = [];
  let at = o.offset;
  let turn = 0;
  // Blocks that the NameNode did not tell of: somebody will know.
  const unknownUntil = (until: number): void => {
    while (at < until) {
      const length = Math.min(o.rangeBytes, until - at);
      ranges.push({ offset: at, length, replicas: [] });
      at += length;
    }
  };
  for (const block of blocks) {
    const blockEnd = Math.min(end, block.offset + block.length);
    if (blockEnd <= at || block.offset >= end) continue;
    unknownUntil(block.offset);
    const replicas = replicasOf(block, o.isLocal);
    const last = ranges.at(-1);
    const whole = blockEnd - at;
    const held =
      !block.block && last?.replicas[0] && replicas.find((replica) => replica.name === last.replicas[0]?.name);
    if (last && held && (held.local || !replicas[0]?.local) && last.length + whole <= o.rangeBytes) {
      ranges[ranges.length - 1] = {
        ...last,
        length: last.length + whole,
        replicas: heldByBoth(last.replicas, replicas),
      };
      at = blockEnd;
      continue;
    }
    const unit = o.rangeBytes < PACKET_BYTES ? 1 : PACKET_BYTES;
    // What is left is at most `most` for each piece that is left, so no piece is longer.
    const most = o.rangeBytes - (o.rangeBytes % unit);
    const pieces = Math.ceil(whole / most);
    for (let piece = 0; piece < pieces; piece++) {
      const even = Math.ceil((blockEnd - at) / (pieces - piece) / unit) * unit;
      const next = piece === pieces - 1 ? blockEnd : Math.min(blockEnd, at + even);
      const direct = block.block ? { block: { id: block.block, offset: block.offset } } : {};
      if (next > at) ranges.push({ offset: at, length: next - at, replicas: rotated(replicas, turn++), ...direct });
      at = next;
    }
  }
  unknownUntil(end);
  return ranges;
}

function replicasOf(block: BlockLocation, isLocal: (host: string) => boolean): Replica[] {
  const replicas = block.names.map((name, i) => {
    const host = block.hosts[i] ?? '';
    return { host, name, local: isLocal(host) || isLocal(name.replace(/:\d+$/, '')) };
  });
  return [...replicas.filter((r) => r.local), ...replicas.filter((r) => !r.local)];
}

/** Local ones stay in front, as one group; the others change places. */
function rotated(replicas: readonly Replica[], turn: number): Replica[] {
  const turned = (group: readonly Replica[]): Replica[] => group.map((_, i) => group[(i + turn) % group.length]!);
  return [...turned(replicas.filter((r) => r.local)), ...turned(replicas.filter((r) => !r.local))];
}

/** Replicas of the first block that hold the next one too come first: they are who else could serve both. */
function heldByBoth(first: readonly Replica[], next: readonly Replica[]): Replica[] {
  const both = new Set(next.map(({ name }) => name));
  return [...first.filter(({ name }) => both.has(name)), ...first.filter(({ name }) => !both.has(name))];
}
