import { expect, it } from 'vitest';
import { checkedCodec } from '../../src/compression/codec.js';

it('checks lengths before anything is written', () => {
  const calls: string[] = [];
  const codec = checkedCodec({
    name: 'pairs',
    blockElements: 1,
    limit: 1,
    bytes: (n) => 2 * n,
    encode: () => void calls.push('encode'),
    decode: () => void calls.push('decode'),
  });
  const x = new Float32Array(3);
  expect(() => codec.encode(x, new Uint8Array(5))).toThrow('pairs: 6 bytes expected for 3 elements, got 5');
  expect(() => codec.decode(new Uint8Array(7), x)).toThrow('pairs: 6 bytes expected for 3 elements, 7 came');
  expect(calls).toEqual([]);
  codec.encode(x, new Uint8Array(6));
  codec.decode(new Uint8Array(6), x);
  expect([calls, codec.bytes(4)]).toEqual([['encode', 'decode'], 8]);
});
