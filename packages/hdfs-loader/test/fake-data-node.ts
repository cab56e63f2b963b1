/** A DataNode's data transfer port, for faults that a real one does not make on demand. */
import { createServer, type Server, type Socket } from 'node:net';
import { crc32c } from '@weft/native';
import protobuf from 'protobufjs/minimal.js';

const { Writer } = protobuf;

/** How a read is answered; everything that is not said is as a real DataNode does it. */
export interface Behaviour {
  /** Status of the response; 0 is success. */
  status?: number;
  message?: string;
  /** Of ChecksumTypeProto; 2 is CRC-32C. */
  checksumType?: number;
  /** Data bytes of a packet. */
  packetBytes?: number;
  /** Bytes of the answer after which the connection ends. */
  cutAfter?: number;
  /** Bytes of the answer after which nothing more comes. */
  silentAfter?: number;
  /** Byte of the block whose data is damaged on the way. */
  damageAt?: number;
  /** Instead of an answer. */
  raw?: Uint8Array;
  /** Data bytes that are left out at the end. */
  shortBy?: number;
  /** The answer is sent in pieces of this size. */
  pieceBytes?: number;
}

export interface FakeDataNode {
  /** address:port */
  readonly name: string;
  behaviour: Behaviour;
  /** Reads that were asked for, by their request's bytes. */
  readonly requests: Buffer[];
  readonly statuses: Buffer[];
  connections: number;
  /** Closes the connections that there are. */
  hangUp(): void;
  close(): Promise<void>;
}

const CHUNK = 512;

function delimited(message: Uint8Array): Buffer {
  return Buffer.concat([Writer.create().uint32(message.length).finish(), message]);
}

/** The answer to a read of [offset, offset + length) of a block. */
function answerOf(content: Uint8Array, offset: number, length: number, b: Behaviour): Buffer {
  const { status = 0, message = '', checksumType = 2, packetBytes = 64 << 10, damageAt = -1, shortBy = 0 } = b;
  const first = Math.floor(offset / CHUNK) * CHUNK;
  const end = Math.min(content.length, Math.ceil((offset + length) / CHUNK) * CHUNK) - shortBy;
  const response = Writer.create().uint32(8).uint32(status);
  if (message !== '') response.uint32(42).string(message);
  if (status === 0) {
    const info = response.uint32(34).fork();
    info.uint32(10).fork().uint32(8).uint32(checksumType).uint32(16).uint32(CHUNK).ldelim();
    info.uint32(16).uint64(first).ldelim();
  }
  const parts: Uint8Array[] = [delimited(response.finish())];
  if (status !== 0) return Buffer.concat(parts);
  let sequence = 0;
  for (let at = first; ; at += packetBytes) {
    const data = Buffer.from(content.subarray(at, Math.min(end, at + packetBytes)));
    const sums = Buffer.alloc(Math.ceil(data.length / CHUNK) * 4);
    for (let i = 0; i * CHUNK < data.length; i++)
      sums.writeUInt32BE(crc32c(data.subarray(i * CHUNK, (i + 1) * CHUNK)), i * 4);
    if (damageAt >= at && damageAt < at + data.length) data[damageAt - at]! ^= 1;
    const last = at >= end;
    const header = Writer.create()
      .uint32(9)
      .sfixed64(at)
      .uint32(17)
      .sfixed64(sequence++)
      .uint32(24)
      .bool(last)
      .uint32(37)
      .sfixed32(data.length)
      .finish();
    const lengths = Buffer.alloc(6);
    lengths.writeUInt32BE(4 + sums.length + data.length);
    lengths.writeUInt16BE(header.length, 4);
    parts.push(lengths, header, sums, data);
    if (last) return Buffer.concat(parts);
  }
}

/** The offset and length of a request, found by their tags at its end: `16 offset 24 length 32 1`. */
function rangeOf(request: Buffer): { offset: number; length: number } {
  const reader = protobuf.Reader.create(request.subarray(3));
  const end = reader.uint32() + reader.pos;
  let offset = 0;
  let length = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 16) offset = Number(reader.uint64());
    else if (tag === 24) length = Number(reader.uint64());
    else reader.skipType(tag & 7);
  }
  return { offset, length };
}

/** Starts one that holds a block of this content, whatever block it is asked for. */
export async function fakeDataNode(content: Uint8Array): Promise<FakeDataNode> {
  const sockets = new Set<Socket>();
  const node: FakeDataNode = { name: '', behaviour: {}, requests: [], statuses: [], connections: 0, hangUp, close };
  const server: Server = createServer((socket) => {
    node.connections += 1;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => void answer(socket, bytes));
  });
  async function answer(socket: Socket, bytes: Buffer): Promise<void> {
    // A status is three bytes; the next request may come together with it.
    if (bytes[0] === 2) {
      node.statuses.push(bytes.subarray(0, 3));
      if (bytes.length > 3) await answer(socket, bytes.subarray(3));
      return;
    }
    node.requests.push(bytes);
    const b = node.behaviour;
    const { offset, length } = rangeOf(bytes);
    let out: Uint8Array = b.raw ?? answerOf(content, offset, length, b);
    const limit = b.cutAfter ?? b.silentAfter;
    if (limit !== undefined) out = out.subarray(0, limit);
    const piece = b.pieceBytes ?? out.length;
    for (let at = 0; at < out.length; at += piece) {
      const written = out.subarray(at, at + piece);
      await new Promise((resolve) => socket.write(written, resolve));
    }
    if (b.cutAfter !== undefined) socket.end();
  }
  function hangUp(): void {
    for (const socket of sockets) socket.destroy();
  }
  async function close(): Promise<void> {
    hangUp();
    await new Promise((resolve) => server.close(resolve));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return Object.assign(node, { name: `127.0.0.1:${address.port}` });
}

/** n bytes that differ from place to place. */
export function pattern(n: number): Uint8Array {
  const bytes = new Uint8Array(n);
  for (let i = 0; i < n; i++) bytes[i] = (i * 31 + (i >> 9)) & 255;
  return bytes;
}
