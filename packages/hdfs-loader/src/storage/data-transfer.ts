/**
 * The part of HDFS's DataTransferProtocol that reads a block, as bytes:
 *
 *   request   = version:u16 (28) op:u8 (81, read a block) delimited OpReadBlockProto
 *   response  = delimited BlockOpResponseProto, then packets, the last of which has no data
 *   packet    = payload:u32 header:u16 PacketHeaderProto checksums data      payload = 4 + bytes of checksums and data
 *   status    = delimited ClientReadStatusProto                                   reader → DataNode; then the next request may follow
 *   delimited = its length as a varint, then the message; integers are big-endian outside of messages
 *
 * @see datatransfer.proto, hdfs.proto and Security.proto of Apache Hadoop 3.5 (hadoop-hdfs-client)
 */
import protobuf from 'protobufjs/minimal.js';
import { LoaderError } from '../errors.js';

const { Reader, Writer } = protobuf;

const VERSION = 28;
const OP_READ_BLOCK = 81;
/** Status numbers of datatransfer.proto. */
const SUCCESS = 0;
const CHECKSUM_OK = 6;
const CHECKSUM_NONE = 0;
const CHECKSUM_CRC32C = 2;
/** Hadoop's own limit. */
export const MAX_PACKET_BYTES = 16 << 20;

/** A block as the NameNode names it. */
export interface BlockId {
  readonly poolId: string;
  readonly id: number;
  readonly generationStamp: number;
  readonly bytes: number;
  /** The block's access token, URL-safe base64 of Hadoop's Writable form. */
  readonly token: string;
}

interface BlockToken {
  readonly identifier: Uint8Array;
  readonly password: Uint8Array;
  readonly kind: string;
  readonly service: string;
}

/** The request for bytes [offset, offset + length) of a block. */
export function encodeReadBlock(block: BlockId, range: { offset: number; length: number; client: string }): Buffer {
  const token = decodeToken(block.token);
  const message = Writer.create();
  const header = message.uint32(10).fork();
  const base = header.uint32(10).fork();
  base
    .uint32(10)
    .fork()
    .uint32(10)
    .string(block.poolId)
    .uint32(16)
    .uint64(block.id)
    .uint32(24)
    .uint64(block.generationStamp);
  base.uint32(32).uint64(block.bytes).ldelim();
  base.uint32(18).fork().uint32(10).bytes(token.identifier).uint32(18).bytes(token.password);
  base.uint32(26).string(token.kind).uint32(34).string(token.service).ldelim();
  base.ldelim();
  header.uint32(18).string(range.client).ldelim();
  message.uint32(16).uint64(range.offset).uint32(24).uint64(range.length).uint32(32).bool(true);
  const body = message.finish();
  const prefix = Writer.create().uint32(body.length).finish();
  const op = Buffer.alloc(3);
  op.writeUInt16BE(VERSION);
  op.writeUInt8(OP_READ_BLOCK, 2);
  return Buffer.concat([op, prefix, body]);
}

/** That all bytes came, and fitted their checksums. */
export const READ_STATUS = Buffer.from([2, 8, CHECKSUM_OK]);

/** Writable form: identifier, password, kind, service, each after its length as a Hadoop vint. An empty token is four zeros. */
function decodeToken(text: string): BlockToken {
  const bytes = Buffer.from(text, 'base64url');
  let at = 0;
  const take = (): Buffer => {
    const first = bytes.readInt8(at++);
    let length = first;
    if (first < -112) {
      length = 0;
      for (let left = -112 - first; left > 0; left--) length = length * 256 + bytes.readUInt8(at++);
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  return { identifier: take(), password: take(), kind: take().toString(), service: take().toString() };
}

/** What a DataNode answers first. */
export interface ReadResponse {
  /** Bytes that one checksum is for; 0 where there are no checksums. */
  readonly chunkBytes: number;
  /** Where the first packet begins, within the block: the start of a chunk. */
  readonly firstOffset: number;
}

/** @throws LoaderError IO where the DataNode refuses, or keeps another checksum than CRC-32C */
export function decodeReadResponse(bytes: Uint8Array): ReadResponse {
  const reader = Reader.create(bytes);
  let status = -1;
  let message = '';
  let type = CHECKSUM_NONE;
  let chunkBytes = 0;
  let firstOffset = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 8) status = reader.uint32();
    else if (tag === 42) message = reader.string();
    else if (tag === 34) {
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) {
        const inner = reader.uint32();
        if (inner === 10) {
          const checksumEnd = reader.uint32() + reader.pos;
          while (reader.pos < checksumEnd) {
            const field = reader.uint32();
            if (field === 8) type = reader.uint32();
            else if (field === 16) chunkBytes = reader.uint32();
            else reader.skipType(field & 7);
          }
        } else if (inner === 16) firstOffset = Number(reader.uint64());
        else reader.skipType(inner & 7);
      }
    } else reader.skipType(tag & 7);
  }
  if (status !== SUCCESS) throw new LoaderError('IO', `refused with status ${status}: ${message}`);
  if (type !== CHECKSUM_CRC32C || chunkBytes < 1) {
    throw new LoaderError('IO', `expected a CRC-32C of each chunk, got checksum type ${type} of ${chunkBytes} bytes`);
  }
  return { chunkBytes, firstOffset };
}

/** The head of a packet. */
export interface PacketHeader {
  readonly offset: number;
  readonly last: boolean;
  readonly dataBytes: number;
}

export function decodePacketHeader(bytes: Uint8Array): PacketHeader {
  const reader = Reader.create(bytes);
  let offset = -1;
  let last = false;
  let dataBytes = -1;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 9) offset = Number(reader.sfixed64());
    else if (tag === 24) last = reader.bool();
    else if (tag === 37) dataBytes = reader.sfixed32();
    else reader.skipType(tag & 7);
  }
  return { offset, last, dataBytes };
}
