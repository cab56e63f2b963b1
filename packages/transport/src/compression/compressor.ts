import { TransportError } from '../errors.js';
import { type ElementCodecName, elementCodec } from './element-codec.js';
import { elementCompressor } from './element-compressor.js';
import { expectDelta, type MessageKind } from './message-kind.js';
import { oneBit } from './one-bit.js';
import type { Compressor } from './scheme.js';
import { type TopKOptions, topK } from './top-k.js';

export type CompressorOptions = { readonly message: MessageKind } & (
  | { readonly scheme: ElementCodecName | '1-bit' }
  | ({ readonly scheme: 'top-k' } & TopKOptions)
);

/**
 * The compressor of a scheme.
 *
 * @throws {TransportError} `configuration` when the scheme is not known, cannot carry such messages, or an option is out of its range
 * @example
 * const c = compressor({ scheme: 'top-k', message: 'delta', ratio: 0.01 });
 * const state = c.init(gradient.length);
 * const out = new Uint8Array(c.bytes(gradient.length));
 * c.compress(gradient, state, out); // then send out
 * c.addDecompressed(out, center); // on the other side
 */
export function compressor(options: CompressorOptions): Compressor {
  const { scheme, message } = options;
  if (message !== 'delta' && message !== 'state')
    throw new TransportError('configuration', `compressor: message delta or state expected, got ${String(message)}`);
  switch (scheme) {
    case 'float32':
    case 'fp16':
    case 'bf16':
    case 'int8':
      return elementCompressor(scheme, elementCodec(scheme), message);
    case '1-bit':
      expectDelta(scheme, message);
      return elementCompressor(scheme, oneBit, message);
    case 'top-k':
      expectDelta(scheme, message);
      return topK(options);
    default:
      throw new TransportError(
        'configuration',
        `compressor: float32, fp16, bf16, int8, 1-bit or top-k expected, got ${String(scheme)}`,
      );
  }
}
