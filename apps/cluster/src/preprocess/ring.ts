/** The workers of a fit, who add up what they have learnt. */
import type { AllReduce } from '@weft/preprocessing';
import { allReduce, type Connection, joinGroup } from '@weft/transport';
import { type NodeStart, readHeader, toHeader } from '../control-messages.js';
import { nodeOptions } from '../node-connection.js';
import { BARRIER_MS, START_MS } from '../timing.js';
import { PREPROCESS_SCHEMAS, PreprocessKind } from './messages.js';

/** A sum over all workers, and the connections that it goes over. */
export interface Ring extends AllReduce {
  close(): Promise<void>;
}

/**
 * Joins the other workers of the run: addresses are exchanged through the coordinator.
 *
 * @param o.size how many they are
 * @throws {TransportError} when one of them is gone, or none of them comes
 * @example const ring = await joinRing(start, control, { size: 2 }); await ring.sum(vector); await ring.close();
 */
export async function joinRing(start: NodeStart, control: Connection, o: { size: number }): Promise<Ring> {
  const { identity, token, tls, onWarning } = nodeOptions(start);
  const { host, port } = start.listen;
  const group = await joinGroup({
    ...identity,
    ...{ token, tls, onWarning, host, port },
    size: o.size,
    timeoutMs: START_MS,
    meet: async (own) => {
      const { header } = await control.request(PreprocessKind.meet, toHeader(own), { timeoutMs: START_MS });
      return readHeader(PREPROCESS_SCHEMAS.meeting, header, 'meeting').addresses;
    },
  });
  return {
    rank: group.rank,
    size: group.size,
    // Who comes first waits for the slowest: that one is gone is noticed by the connection.
    sum: (vector) => allReduce(group, vector, { timeoutMs: BARRIER_MS }),
    close: () => group.close(),
  };
}
