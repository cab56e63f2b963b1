import { connect, type Socket } from 'node:net';
import { crc32cMismatch } from '@weft/native';
import { LoaderError } from '../errors.js';
import {
  type BlockId,
  decodePacketHeader,
  decodeReadResponse,
  encodeReadBlock,
  MAX_PACKET_BYTES,
  type PacketHeader,
  READ_STATUS,
} from './data-transfer.js';

/** A read of one block. */
export interface BlockRead {
  readonly block: BlockId;
  /** First byte, within the block. */
  readonly offset: number;
  /** Where the bytes go. */
  readonly into: Uint8Array;
  /** Bytes that have come and fit their checksums, in order. */
  readonly onBytes: (bytes: number) => void;
}

/** Of one read of the socket at most: half of a core's second-level cache. */
const INTAKE_BYTES = 512 << 10;
/** Below this, bytes are read into memory of the connection's own first. */
const LEAST_ROOM_BYTES = 128 << 10;
/** A response is a few dozen bytes; one that is longer is none. */
const MAX_RESPONSE_BYTES = 64 << 10;
const CLIENT = 'weft';

/**
 * A connection to a DataNode's data transfer port, for one read at a time. A read that fails is the connection's end.
 *
 *   response → (lengths → header → checksums → data)* → … last packet: status goes out, the next read may come
 */
export class BlockConnection {
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #idleMs: number;
  #read: (BlockRead & { resolve: () => void; reject: (error: unknown) => void }) | null = null;
  #failure: unknown;
  /** What is collected now, and how much of it is there. */
  #part: Buffer = Buffer.alloc(1024);
  #partBytes = 0;
  #needBytes = 1;
  #next: (part: Buffer) => void = () => {};
  #chunkBytes = 0;
  #payloadBytes = 0;
  #packet: PacketHeader = { offset: 0, last: true, dataBytes: 0 };
  #checksums: Buffer = Buffer.alloc(0);
  /** The packet's data: a place within the read's own memory, or scratch where some of it was not asked for. */
  #data: Uint8Array = Buffer.alloc(0);
  #dataBytes = 0;
  #scratch: Uint8Array = Buffer.alloc(0);
  #inData = false;
  #done = 0;
  readonly #staging = Buffer.allocUnsafeSlow(LEAST_ROOM_BYTES);

  private constructor(peer: string, idleMs: number) {
    this.#peer = peer;
    this.#idleMs = idleMs;
    const [, host = '', port] = /^(.*):(\d+)$/.exec(peer) ?? [];
    this.#socket = connect({
      host: host.replace(/^\[|\]$/g, ''),
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: () => this.#intake(),
        callback: (bytes, buffer) => {
          this.#take(buffer, bytes);
          return true;
        },
      },
    });
    this.#socket.setTimeout(idleMs, () => this.#fail(this.#error(`silent for ${idleMs} ms`)));
    this.#socket.on('error', (error) => this.#fail(this.#error(error.message)));
    this.#socket.on('close', () => this.#fail(this.#error('closed by the DataNode')));
  }

  /** Begins to connect. @param peer address:port of a DataNode's data transfer */
  static to(peer: string, o: { idleMs: number }): BlockConnection {
    return new BlockConnection(peer, o.idleMs);
  }

  /** Whether another read may be asked for. */
  get isUsable(): boolean {
    return this.#failure === undefined && this.#read === null;
  }

  /**
   * Reads a range of a block into its place.
   *
   * @throws LoaderError for whatever goes wrong; what `onBytes` told of is there nevertheless
   */
  read(read: BlockRead): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure as Error);
        return;
      }
      this.#read = { ...read, resolve, reject };
      this.#done = 0;
      this.#socket.ref();
      this.#socket.setTimeout(this.#idleMs);
      this.#collect(1, (first) => this.#responseLength(first));
      const { block, offset, into } = read;
      this.#socket.write(encodeReadBlock(block, { offset, length: into.length, client: CLIENT }));
    });
  }

  /** Ends the connection. What is being read is rejected with the reason. */
  destroy(reason: unknown): void {
    this.#fail(reason);
  }

  #error(what: string): LoaderError {
    return new LoaderError('UNAVAILABLE', `DataNode ${this.#peer}: ${what}`);
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    const read = this.#read;
    this.#read = null;
    read?.reject(error);
  }

  /** Calls `next` once that many bytes are together. */
  #collect(bytes: number, next: (part: Buffer) => void): void {
    if (this.#part.length < bytes) this.#part = Buffer.alloc(bytes);
    this.#partBytes = 0;
    this.#needBytes = bytes;
    this.#next = next;
    this.#inData = false;
  }

  /**
   * What the socket's next bytes are read into: the place where the next data belong, if there is room, so that taking out what lies between the data moves
   * bytes that are in the cache already. What is ahead of the data is written again by the data themselves.
   */
  #intake(): Uint8Array {
    const read = this.#read;
    if (!read || (this.#inData && this.#data === this.#scratch)) return this.#staging;
    const { into, offset } = read;
    const place = this.#inData ? this.#packet.offset - offset + this.#dataBytes : this.#done;
    const room = into.length - place;
    if (room < LEAST_ROOM_BYTES) return this.#staging;
    return new Uint8Array(into.buffer, into.byteOffset + place, Math.min(room, INTAKE_BYTES));
  }

  #take(buffer: Uint8Array, bytes: number): void {
    try {
      let at = 0;
      while (at < bytes && this.#failure === undefined) {
        if (!this.#read) throw this.#error('bytes that nobody asked for');
        if (this.#inData) {
          const count = Math.min(bytes - at, this.#packet.dataBytes - this.#dataBytes);
          // Towards lower addresses where both are the same memory: what is not looked at yet stays as it is.
          this.#data.set(buffer.subarray(at, at + count), this.#dataBytes);
          this.#dataBytes += count;
          at += count;
          if (this.#dataBytes === this.#packet.dataBytes) this.#endPacket();
        } else {
          const count = Math.min(bytes - at, this.#needBytes - this.#partBytes);
          this.#part.set(buffer.subarray(at, at + count), this.#partBytes);
          this.#partBytes += count;
          at += count;
          if (this.#partBytes === this.#needBytes) this.#next(this.#part.subarray(0, this.#needBytes));
        }
      }
    } catch (error) {
      this.#fail(error instanceof LoaderError ? error : this.#error((error as Error).message));
    }
  }

  /** A varint of up to four bytes, one after the other. */
  #responseLength(first: Buffer, length = 0, shift = 0): void {
    const total = length | ((first[0]! & 127) << shift);
    if (first[0]! & 128) {
      if (shift > 14) throw this.#error('expected the length of a response');
      this.#collect(1, (more) => this.#responseLength(more, total, shift + 7));
      return;
    }
    if (total < 1 || total > MAX_RESPONSE_BYTES)
      throw this.#error(`expected a response of 1 to ${MAX_RESPONSE_BYTES} bytes, got ${total}`);
    this.#collect(total, (bytes) => {
      const response = decodeReadResponse(bytes);
      this.#chunkBytes = response.chunkBytes;
      this.#nextPacket();
    });
  }

  #nextPacket(): void {
    this.#collect(6, (lengths) => {
      this.#payloadBytes = lengths.readUInt32BE(0) - 4;
      const headerBytes = lengths.readUInt16BE(4);
      if (this.#payloadBytes < 0 || this.#payloadBytes > MAX_PACKET_BYTES || headerBytes < 1) {
        throw this.#error(`expected a packet of at most ${MAX_PACKET_BYTES} bytes, got ${this.#payloadBytes}`);
      }
      this.#collect(headerBytes, (bytes) => this.#beginPacket(decodePacketHeader(bytes)));
    });
  }

  #beginPacket(packet: PacketHeader): void {
    const { dataBytes, last } = packet;
    const checksumBytes = Math.ceil(dataBytes / this.#chunkBytes) * 4;
    if (dataBytes < 0 || this.#payloadBytes !== checksumBytes + dataBytes) {
      throw this.#error(
        `expected a packet of ${this.#payloadBytes} bytes, got ${dataBytes} of data and ${checksumBytes} of checksums`,
      );
    }
    this.#packet = packet;
    if (dataBytes > 0) this.#collect(checksumBytes, (bytes) => this.#beginData(bytes));
    else if (last) this.#end();
    else this.#nextPacket();
  }

  #beginData(checksums: Buffer): void {
    this.#checksums = checksums;
    const { offset, into } = this.#read!;
    const { dataBytes } = this.#packet;
    const start = this.#packet.offset - offset;
    if (start > this.#done || start + dataBytes <= this.#done) {
      throw this.#error(
        `expected byte ${offset + this.#done} of the block, got ${dataBytes} from byte ${this.#packet.offset}`,
      );
    }
    this.#dataBytes = 0;
    if (start >= 0 && start + dataBytes <= into.length) {
      this.#data = into.subarray(start, start + dataBytes);
    } else {
      if (this.#scratch.length < dataBytes) this.#scratch = Buffer.allocUnsafeSlow(dataBytes);
      this.#data = this.#scratch;
    }
    this.#inData = true;
  }

  #endPacket(): void {
    const { offset, into, onBytes } = this.#read!;
    const { dataBytes } = this.#packet;
    const data = this.#data.subarray(0, dataBytes);
    const wrong = crc32cMismatch(data, this.#chunkBytes, this.#checksums);
    if (wrong !== -1)
      throw this.#error(`checksum wrong at byte ${this.#packet.offset + wrong * this.#chunkBytes} of the block`);
    const start = this.#packet.offset - offset;
    const end = Math.min(into.length, start + dataBytes);
    // Chunks come whole: what lies before and after the range is left out.
    if (this.#data === this.#scratch) into.set(data.subarray(this.#done - start, end - start), this.#done);
    onBytes(end - this.#done);
    this.#done = end;
    this.#nextPacket();
  }

  #end(): void {
    const { into, resolve } = this.#read!;
    if (this.#done !== into.length) throw this.#error(`expected ${into.length} bytes, got ${this.#done}`);
    this.#socket.write(READ_STATUS);
    this.#read = null;
    this.#socket.setTimeout(0);
    // Kept for the next read, it keeps no process alive.
    this.#socket.unref();
    resolve();
  }
}
