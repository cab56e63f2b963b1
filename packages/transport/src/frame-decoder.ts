import { crc32c } from '@weft/native';
import type { ConnectionStats } from './connection.js';
import { TransportError } from './errors.js';
import { CRC_BYTES } from './frame-encoder.js';
import { decodeHeader, type Header } from './header.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { freshPayload } from './payload-pool.js';
import { FrameFlag, PREFIX_BYTES, type Prefix, padded, readPrefix } from './prefix.js';

/** A frame that came. */
export interface Frame {
  readonly prefix: Prefix;
  readonly header: Header;
  /** The place that the payload was read into; empty when it was thrown away. */
  readonly payload: Uint8Array;
  /** Whether the payload was thrown away. */
  readonly discarded: boolean;
}

export interface FrameDecoderOptions {
  readonly limits?: Limits;
  /** Called with each complete frame, in order. */
  onFrame(frame: Frame): void;
  /**
   * Where a payload goes: exactly payloadBytes, aligned to 8 where it is to be viewed as numbers; undefined throws the payload
   * away. By default fresh memory. Not called for an empty payload.
   */
  place?(prefix: Prefix): Uint8Array | undefined;
}

const EMPTY = new Uint8Array(0);
/** One read of what is not known to be a payload. */
const SCRATCH_BYTES = 64 * 1024;
/** The same behind a long payload: what is read beside header and prefix belongs to the next payload, and is copied. */
const SHORT_SCRATCH_BYTES = 4 * 1024;
/** Up to here a loop is faster than a call. */
const LOOP_BYTES = 64;

/**
 * Turns bytes, cut anywhere, into frames. Payloads go straight into their place: one copy by `write`, none when the caller reads
 * into `space()` and then says `filled(n)`, but for what was read together with a header. `stats.copiedBytes` counts. After an error every
 * further call throws the same error.
 *
 * @example
 * const decoder = new FrameDecoder({ onFrame: (frame) => console.log(frame.header) });
 * socket.on('data', (chunk) => decoder.write(chunk));
 */
export class FrameDecoder {
  readonly #limits: Limits;
  readonly #onFrame: (frame: Frame) => void;
  readonly #place: (prefix: Prefix) => Uint8Array | undefined;
  readonly #prefixPlace = new Uint8Array(PREFIX_BYTES);
  readonly #crcPlace = Buffer.alloc(CRC_BYTES);
  #headerPlace = new Uint8Array(256);
  #stage: 'prefix' | 'header' | 'payload' | 'crc' = 'prefix';
  /** Where the stage's bytes go; undefined: nowhere. */
  #target: Uint8Array | undefined = this.#prefixPlace;
  #expected = PREFIX_BYTES;
  #received = 0;
  #prefix: Prefix | undefined;
  #payload: Uint8Array | undefined;
  /** What space() gave last: a part of the target, or of the scratch. */
  #space: Uint8Array = EMPTY;
  #scratch: Uint8Array | undefined;
  #isScratch = false;
  #lastPayloadBytes = 0;
  #receivedFrames = 0;
  #receivedBytes = 0;
  #copiedBytes = 0;
  #crc = 0;
  #failed: TransportError | undefined;
  #stopped = false;
  #paused = false;
  /** What was read and not taken because of a pause. */
  #held: Uint8Array = EMPTY;

  constructor(options: FrameDecoderOptions) {
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#onFrame = (frame) => options.onFrame(frame);
    this.#place = (prefix) => (options.place === undefined ? freshPayload(prefix.payloadBytes) : options.place(prefix));
  }

  /** The frame whose payload is coming, and how much of it has come. */
  get receiving(): { readonly prefix: Prefix; readonly receivedBytes: number } | undefined {
    if (this.#prefix === undefined) return undefined;
    const receivedBytes =
      this.#stage === 'payload' ? this.#received : this.#stage === 'crc' ? this.#prefix.payloadBytes : 0;
    return { prefix: this.#prefix, receivedBytes };
  }

  /** Frames that came whole, bytes that came, and how many of them were a payload's and were copied on their way to its place. */
  get stats(): Pick<ConnectionStats, 'receivedFrames' | 'receivedBytes' | 'copiedBytes'> {
    return {
      receivedFrames: this.#receivedFrames,
      receivedBytes: this.#receivedBytes,
      copiedBytes: this.#copiedBytes,
    };
  }

  /**
   * Takes the next bytes. The chunk is not kept.
   *
   * @throws {TransportError} `protocol`, `checksum`, `version`, `limit` or `header`
   */
  write(chunk: Uint8Array): void {
    if (this.#failed !== undefined) throw this.#failed;
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#paused && this.#stage === 'prefix' && this.#received === 0) {
        this.#held = Buffer.concat([this.#held, chunk.subarray(at)]);
        return;
      }
      const n = Math.min(chunk.length - at, this.#expected - this.#received);
      const target = this.#target;
      if (target !== undefined) {
        if (n > LOOP_BYTES) target.set(chunk.subarray(at, at + n), this.#received);
        else for (let i = 0; i < n; i++) target[this.#received + i] = chunk[at + i]!;
        if (this.#stage === 'payload') this.#copiedBytes += n;
      }
      this.#take(chunk, at, n);
      at += n;
    }
  }

  /** Where the next bytes are to be read, at most maxBytes of them: a payload's own place, else a scratch. Undefined after stop(). */
  space(maxBytes: number): Uint8Array | undefined {
    if (this.#stopped) return undefined;
    this.#isScratch = this.#stage !== 'payload' || this.#target === undefined;
    if (this.#isScratch) {
      this.#scratch ??= new Uint8Array(SCRATCH_BYTES);
      const bytes = this.#lastPayloadBytes > SCRATCH_BYTES ? SHORT_SCRATCH_BYTES : SCRATCH_BYTES;
      this.#space = this.#scratch.subarray(0, Math.min(bytes, maxBytes));
    } else {
      this.#space = this.#target!.subarray(this.#received, Math.min(this.#received + maxBytes, this.#expected));
    }
    return this.#space;
  }

  /**
   * Says that n bytes were read into space().
   *
   * @throws {TransportError} as write does
   */
  filled(n: number): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#isScratch) this.write(this.#space.subarray(0, n));
    else if (!this.#stopped) this.#take(this.#space, 0, n);
  }

  /** Whether frames are held back. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Begins no frame until resume(), from within onFrame too: what has been read is kept, which is one read where none follows. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Goes on with what was kept; that may lead to the next pause.
   *
   * @throws {TransportError} as write does
   */
  resume(): void {
    this.#paused = false;
    const held = this.#held;
    this.#held = EMPTY;
    if (held.length > 0) this.write(held);
  }

  /** Throws away the payload that is coming: its place is not written any more by write(). */
  discard(): void {
    if (this.#stage === 'payload') this.#target = undefined;
    this.#payload = undefined;
  }

  /** Takes nothing any more, from within onFrame too. */
  stop(): void {
    this.#stopped = true;
    this.#target = undefined;
  }

  /**
   * Says that no more bytes come.
   *
   * @throws {TransportError} `lost` when that is in the middle of a frame
   */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#stage === 'prefix' && this.#received === 0) return;
    throw new TransportError(
      'lost',
      `frame ${this.#stage}: ${this.#expected} bytes expected, the end came after ${this.#received}`,
    );
  }

  #take(source: Uint8Array, at: number, n: number): void {
    this.#receivedBytes += n;
    if ((this.#stage === 'payload' || this.#stage === 'header') && this.#checked) {
      this.#crc = crc32c(source, this.#crc, at, at + n);
    }
    this.#received += n;
    try {
      while (this.#received === this.#expected && !this.#stopped) this.#next();
    } catch (error) {
      if (error instanceof TransportError) this.#failed = error;
      throw error;
    }
  }

  /** The stage is complete: on to the next one, which may be empty. */
  #next(): void {
    const prefix = this.#prefix;
    if (this.#stage === 'prefix') {
      const read = readPrefix(this.#prefixPlace, this.#limits);
      this.#prefix = read;
      this.#crc = 0;
      const bytes = padded(read.headerBytes);
      if (bytes > this.#headerPlace.length) this.#headerPlace = new Uint8Array(bytes);
      this.#enter('header', this.#headerPlace, bytes);
    } else if (this.#stage === 'header') {
      this.#payload = prefix!.payloadBytes === 0 ? EMPTY : this.#place(prefix!);
      this.#enter('payload', this.#payload, prefix!.payloadBytes);
    } else if (this.#stage === 'payload' && this.#checked) {
      this.#enter('crc', this.#crcPlace, CRC_BYTES);
    } else {
      this.#finish(prefix!);
    }
  }

  #finish(prefix: Prefix): void {
    if (this.#checked) {
      const got = this.#crcPlace;
      if (got.readUInt32LE(0) !== this.#crc || got.readUInt32LE(4) !== 0) {
        throw new TransportError(
          'checksum',
          `frame of kind ${prefix.kind}, request ${prefix.request}: crc 0x${this.#crc.toString(16)} expected, got 0x${got.readBigUInt64LE(0).toString(16)}`,
        );
      }
    }
    const header = decodeHeader(this.#headerPlace.subarray(0, prefix.headerBytes));
    for (let i = prefix.headerBytes; i < padded(prefix.headerBytes); i++) {
      if (this.#headerPlace[i] !== 0) throw new TransportError('protocol', 'frame header: zeros expected after it');
    }
    const payload = this.#payload;
    this.#receivedFrames += 1;
    this.#lastPayloadBytes = prefix.payloadBytes;
    this.#prefix = undefined;
    this.#payload = undefined;
    this.#enter('prefix', this.#prefixPlace, PREFIX_BYTES);
    this.#onFrame({ prefix, header, payload: payload ?? EMPTY, discarded: payload === undefined });
  }

  #enter(stage: 'prefix' | 'header' | 'payload' | 'crc', target: Uint8Array | undefined, expected: number): void {
    this.#stage = stage;
    this.#target = target;
    this.#expected = expected;
    this.#received = 0;
  }

  get #checked(): boolean {
    return this.#prefix !== undefined && (this.#prefix.flags & FrameFlag.crc) !== 0;
  }
}
