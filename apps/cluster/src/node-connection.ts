/** A node's connection to its coordinator, and the end of the node with it. */
import type { Readable } from 'node:stream';
import { type Connection, connect, type Handler } from '@weft/transport';
import type { NodeStart } from './control-messages.js';
import { DETECTION_MS, HEARTBEAT_MS } from './timing.js';

/** Beside the members of a run, who may all come at once. */
const SPARE_PLACES = 16;

/** A member may have several connections to a server. */
const CONNECTIONS_PER_MEMBER = 8;

/** How many connections a server of so many members has, and lets wait for their authentication. */
export const placesFor = (members: number) => ({
  maxUnauthenticated: members + SPARE_PLACES,
  maxConnections: CONNECTIONS_PER_MEMBER * (members + SPARE_PLACES),
});

/** What a run says when it gives up TLS. */
export const INSECURE =
  'warning: --insecure: no TLS; whoever is on a network between the hosts can read and change what they say to each other';

/** TLS wherever a network is in between, unless the run gives it up; the one line that says so is written when it starts. */
export const tlsOptions = ({ insecure }: { readonly insecure: boolean }) => ({
  tls: insecure ? ('off' as const) : ('auto' as const),
  onWarning: () => {},
});

/** What every connection and server of a node is opened with: who it is, the run's token, and the signs of life. */
export const nodeOptions = ({ role, rank, run, token, insecure }: NodeStart) => ({
  identity: { role, rank, run },
  token: Buffer.from(token, 'hex'),
  ...tlsOptions({ insecure }),
  heartbeatMs: HEARTBEAT_MS,
  detectionMs: DETECTION_MS,
});

/** Connects to the coordinator as the node that it started. */
export function connectToCoordinator(start: NodeStart, handler: Handler): Promise<Connection> {
  const { host, port } = start;
  return connect({ ...nodeOptions(start), host, port, expect: { role: 'coordinator' }, handler });
}

/**
 * Resolves with the first line of a stream, and calls onEnd once when the stream ends or breaks: the coordinator holds the
 * other end of a node's standard input open as long as it lives.
 */
export function readStartLine(stream: Readable, onEnd: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let ended = false;
    const end = (error: Error): void => {
      reject(error);
      if (!ended) onEnd();
      ended = true;
    };
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      const lineEnd = text.indexOf('\n');
      if (lineEnd < 0) return;
      resolve(text.slice(0, lineEnd));
      text = '';
    });
    stream.on('error', end);
    for (const event of ['end', 'close']) {
      stream.on(event, () => end(new Error('standard input: one line of JSON expected, got its end')));
    }
  });
}
