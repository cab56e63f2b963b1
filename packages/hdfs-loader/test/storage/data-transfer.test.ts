import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import {
  decodePacketHeader,
  decodeReadResponse,
  encodeReadBlock,
  READ_STATUS,
} from '../../src/storage/data-transfer.js';

const { Writer } = protobuf;
const block = { poolId: 'BP-1', id: 1073741825, generationStamp: 1001, bytes: 4096, token: 'AAAAAA' };

describe('encodeReadBlock', () => {
  it('is version, operation and the message, as datatransfer.proto has it', () => {
    const bytes = encodeReadBlock(block, { offset: 5, length: 300, client: 'c' });
    // header { baseHeader { block { poolId, blockId, generationStamp, numBytes }, token { '', '', '', '' } }, clientName }, offset, len, sendChecksums
    const extended = '0a0442502d31' + '1081808080' + '04' + '18e907' + '208020';
    const token = '0a00' + '1200' + '1a00' + '2200';
    const base = `0a${(extended.length / 2).toString(16).padStart(2, '0')}${extended}1208${token}`;
    const header = `0a${(base.length / 2).toString(16).padStart(2, '0')}${base}120163`;
    const message = `0a${(header.length / 2).toString(16).padStart(2, '0')}${header}100518ac022001`;
    expect(bytes.toString('hex')).toBe(`001c51${(message.length / 2).toString(16)}${message}`);
  });

  it('carries a block token, whose parts Hadoop writes after vints', () => {
    const long = Buffer.alloc(200, 7);
    const writable = Buffer.concat([
      Buffer.from([0x8f, 200]),
      long,
      Buffer.from([1, 9, 2]),
      Buffer.from('kk'),
      Buffer.from([1]),
      Buffer.from('s'),
    ]);
    const bytes = encodeReadBlock(
      { ...block, token: writable.toString('base64url') },
      { offset: 0, length: 1, client: 'c' },
    );
    const token = Writer.create()
      .uint32(10)
      .bytes(long)
      .uint32(18)
      .bytes(Buffer.from([9]))
      .uint32(26)
      .string('kk')
      .uint32(34)
      .string('s')
      .finish();
    expect(bytes.includes(Buffer.from(token))).toBe(true);
  });

  it('refuses a token that ends too early', () => {
    expect(() => encodeReadBlock({ ...block, token: 'AA' }, { offset: 0, length: 1, client: 'c' })).toThrow(RangeError);
  });
});

describe('decodeReadResponse', () => {
  const response = (type: number, chunk: number) => {
    const w = Writer.create().uint32(8).uint32(0).uint32(48).uint32(3);
    const info = w.uint32(34).fork();
    info.uint32(10).fork().uint32(8).uint32(type).uint32(16).uint32(chunk).ldelim();
    info.uint32(16).uint64(1024).ldelim();
    return w.finish();
  };

  it('reads the size of chunks and where the first begins', () => {
    expect(decodeReadResponse(response(2, 512))).toEqual({ chunkBytes: 512, firstOffset: 1024 });
  });

  it.each([
    [
      Writer.create().uint32(8).uint32(5).uint32(42).string('Block token is expired').finish(),
      'refused with status 5: Block token is expired',
    ],
    [new Uint8Array(0), 'refused with status -1'],
    [response(1, 512), 'expected a CRC-32C of each chunk, got checksum type 1 of 512 bytes'],
    [response(2, 0), 'got checksum type 2 of 0 bytes'],
  ])('refuses what cannot be read: %#', (bytes, words) => {
    expect(() => decodeReadResponse(bytes)).toThrow(words);
  });
});

describe('decodePacketHeader', () => {
  it('reads offset, length and whether it is the last; passes over what is new', () => {
    const bytes = Writer.create()
      .uint32(9)
      .sfixed64(65536)
      .uint32(17)
      .sfixed64(3)
      .uint32(24)
      .bool(true)
      .uint32(37)
      .sfixed32(512)
      .uint32(40)
      .bool(true)
      .finish();
    expect(decodePacketHeader(bytes)).toEqual({ offset: 65536, last: true, dataBytes: 512 });
  });
});

it('READ_STATUS says CHECKSUM_OK', () => {
  expect([...READ_STATUS]).toEqual([2, 8, 6]);
});
