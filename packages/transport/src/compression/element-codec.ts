import { bf16 } from './bf16.js';
import type { ElementCodec } from './codec.js';
import { float32 } from './float32.js';
import { fp16 } from './fp16.js';
import { int8 } from './int8.js';

const CODECS = { float32, fp16, bf16, int8 } as const satisfies Record<string, ElementCodec>;

/** The codecs that suit any message: parameters, gradients, what a collective passes on. */
export type ElementCodecName = keyof typeof CODECS;

/**
 * The codec of a name.
 *
 * @example
 * const codec = elementCodec('int8');
 * const bytes = new Uint8Array(codec.bytes(x.length));
 * codec.encode(x, bytes);
 */
export function elementCodec(name: ElementCodecName): ElementCodec {
  return CODECS[name];
}
