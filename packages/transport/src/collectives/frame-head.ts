import { crc32c } from '@weft/native';
import { encodeHeader, type Header } from '../header.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { FrameFlag, FrameKind, PREFIX_BYTES, padded, writePrefix } from '../prefix.js';

/**
 * Prefix and padded header that all frames of one collective share, but for payloadBytes and prefixCrc. All ranks make the same
 * ones, as long as they call the same: so what comes is compared byte by byte, and nothing of it is parsed where it differs.
 *
 * @param sequence number of the collective in its group, from 1; stands in the frame's `request`
 * @example collectiveHead({ sequence: 1, term: 0, header: { collective: 'barrier' }, crc: false })
 */
export function collectiveHead(o: {
  readonly sequence: number;
  readonly term: number;
  readonly header: Header;
  readonly crc: boolean;
}): Uint8Array {
  const header = encodeHeader(o.header, DEFAULT_LIMITS.maxHeaderBytes);
  const head = new Uint8Array(PREFIX_BYTES + padded(header.length));
  head.set(header, PREFIX_BYTES);
  writePrefix(head, {
    kind: FrameKind.collective,
    flags: o.crc ? FrameFlag.crc : 0,
    term: o.term,
    headerBytes: header.length,
    payloadBytes: 0,
    request: o.sequence,
  });
  return head;
}

/**
 * The head of a frame of so many payload bytes.
 *
 * @example headOf(collectiveHead({ sequence: 1, term: 0, header: {}, crc: false }), 4096)
 */
export function headOf(shape: Uint8Array, payloadBytes: number): Uint8Array {
  const head = shape.slice();
  const view = new DataView(head.buffer);
  view.setBigUint64(16, BigInt(payloadBytes), true);
  view.setUint32(PREFIX_BYTES - 4, crc32c(head.subarray(0, PREFIX_BYTES - 4)), true);
  return head;
}
