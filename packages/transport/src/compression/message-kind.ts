import { TransportError } from '../errors.js';

/**
 * What a message is to its receiver: a `delta` is added to what the receiver has, and what one message leaves out a later one can bring; a
 * `state` replaces what the receiver has.
 */
export type MessageKind = 'delta' | 'state';

/**
 * For the schemes that send so little at a time that only error feedback makes them right.
 *
 * @throws {TransportError} `configuration` unless the message is a delta
 */
export function expectDelta(scheme: string, message: MessageKind): void {
  if (message !== 'delta') {
    throw new TransportError(
      'configuration',
      `${scheme}: a delta expected, got ${message}: a state needs float32, fp16, bf16 or int8, which send every element`,
    );
  }
}
