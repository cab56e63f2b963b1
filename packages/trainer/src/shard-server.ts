/** Serves a parameter shard to its workers. */
import { type Answer, asFloat32, type Handler, type Message } from '@weft/transport';
import { TrainerError } from './errors.js';
import type { ParameterShard } from './parameter-shard.js';
import { parsePush, ShardKind } from './shard-messages.js';

/**
 * The handler that `listen()` takes to serve a shard. A worker may only push in its own name: its rank is the one that
 * its connection was authenticated with.
 *
 * @example await listen({ identity: { role: 'shard', rank: 0, run }, token, handler: shardHandler(shard) })
 */
export function shardHandler(shard: ParameterShard): Handler {
  return (message) => {
    switch (message.kind) {
      case ShardKind.pull: {
        // Who pushes nothing has no staleness to count from.
        if (message.peer.role !== 'worker') return peek(shard);
        const { version, reply } = shard.pull(message.peer.rank);
        return { header: { version }, sendView: reply };
      }
      case ShardKind.peek:
        return peek(shard);
      case ShardKind.push:
        return push(shard, message);
      case ShardKind.stats:
        return { header: { version: shard.version, staleness: shard.staleness.entries() } };
      default:
        throw new TrainerError(
          'bad-message',
          `shard: pull, peek, push or stats expected, got frame kind ${message.kind}`,
        );
    }
  };
}

function peek(shard: ParameterShard): Answer {
  const { version, center } = shard.peek();
  return { header: { version }, sendView: center };
}

function push(shard: ParameterShard, message: Message): Answer {
  const { role, rank } = message.peer;
  const where = `push from ${role} ${rank}`;
  if (role !== 'worker') throw new TrainerError('bad-message', `${where}: a worker expected`);
  const header = parsePush(message.header, where);
  if (header.id.worker !== rank) {
    throw new TrainerError('bad-message', `${where}: its own worker number expected, got ${header.id.worker}`);
  }
  const { reply, ...result } = shard.push({ ...header, message: asFloat32(message.payload) });
  return header.pull ? { header: result, sendView: reply } : { header: result };
}
