/** One range of the center θ, its version and its half of the update rule. Knows no algorithm by name, and no sockets. */
import type { Vector } from '@weft/native';
import type { BoundShard } from './algorithm.js';
import { TrainerError } from './errors.js';
import { StalenessHistogram } from './staleness.js';

/** Names one push for ever, so that a repeated one is noticed. */
export interface PushId {
  readonly worker: number;
  /** How often the worker was started before: a restarted one has a higher incarnation. */
  readonly incarnation: number;
  /** The worker's pushes, counted from 0; it has at most one outstanding. */
  readonly window: number;
}

/** What a shard did with a push. */
export interface PushResult {
  readonly outcome: 'applied' | 'buffered' | 'duplicate';
  /** The version of the reply. */
  readonly version: number;
  /** τ of this push. */
  readonly staleness: number;
  /** The rule's reply: valid until this worker's next push or pull. */
  readonly reply: Vector;
}

interface WorkerRecord {
  incarnation: number;
  /** The last window applied; −1 before the first. */
  window: number;
  /** τ of that window, and the version it made. */
  staleness: number;
  version: number;
  /** Versions this worker's own pushes made since it last received a vector. */
  own: number;
  /** What the worker is sent: θ goes on moving while a socket still reads its reply, so each worker has a copy. */
  readonly reply: Vector;
}

export class ParameterShard {
  readonly center: Vector;
  readonly staleness = new StalenessHistogram();
  readonly #rule: BoundShard;
  readonly #workers: number;
  readonly #records = new Map<number, WorkerRecord>();
  #version = 0;

  /**
   * @param o.center the initial values of this range; owned by the shard from here on
   * @param o.workers P at the start of the run
   */
  constructor(o: { center: Vector; rule: BoundShard; workers: number }) {
    this.center = o.center;
    this.#rule = o.rule;
    this.#workers = o.workers;
    o.rule.init(o.center);
  }

  get version(): number {
    return this.#version;
  }

  /** A copy of θ as it is now, for whoever wants to look at it. No staleness is counted from it. */
  peek(): { version: number; center: Vector } {
    return { version: this.#version, center: this.center.slice() };
  }

  /** θ as it is now, for one worker's next push to be computed from: valid until this worker's next push or pull. */
  pull(worker: number): { version: number; reply: Vector } {
    const record = this.#record(worker);
    record.own = 0;
    record.reply.set(this.center);
    return { version: this.#version, reply: record.reply };
  }

  /**
   * Applies a worker's message once, however often it comes.
   *
   * @param push.version the version that the message was computed from
   * @param push.pull whether the worker takes the reply: its next push is then computed from this one's version
   * @throws {TrainerError} `fenced` for an incarnation that was replaced, `bad-message` for a wrong length, version or window
   */
  push(push: { id: PushId; version: number; pull: boolean; message: Vector }): PushResult {
    const { id, version, message } = push;
    // From here to the end nothing awaits: τ is read, applied and counted in one go.
    const record = this.#record(id.worker);
    const where = `push ${id.window} of worker ${id.worker}`;
    if (id.incarnation < record.incarnation) {
      throw new TrainerError(
        'fenced',
        `${where}: incarnation ${record.incarnation} or later expected, got ${id.incarnation}`,
      );
    }
    if (message.length !== this.center.length) {
      throw new TrainerError('bad-message', `${where}: ${this.center.length} elements expected, got ${message.length}`);
    }
    const restarted = id.incarnation > record.incarnation;
    const window = restarted ? -1 : record.window;
    const own = restarted ? 0 : record.own;
    if (id.window === window) return this.#repeat(record);
    if (id.window < window) {
      throw new TrainerError('bad-message', `${where}: window ${window} or later expected, got ${id.window}`);
    }
    const staleness = this.#version - version - own;
    if (staleness < 0) {
      throw new TrainerError(
        'bad-message',
        `${where}: version ${this.#version - own} or before expected, got ${version}`,
      );
    }
    const meta = { worker: id.worker, workers: this.#workers, version, staleness };
    const advanced = this.#rule.apply(this.center, message, meta, record.reply);
    this.#version += advanced;
    this.staleness.add(staleness);
    record.incarnation = id.incarnation;
    record.window = id.window;
    record.staleness = staleness;
    record.version = this.#version;
    record.own = push.pull ? 0 : own + advanced;
    return { outcome: advanced ? 'applied' : 'buffered', version: this.#version, staleness, reply: record.reply };
  }

  #repeat(record: WorkerRecord): PushResult {
    const current = this.#rule.retry === 'current';
    if (current) record.reply.set(this.center);
    // A cached reply is as old as the version that it made: what came since counts as staleness of the next push.
    const version = current ? this.#version : record.version;
    return { outcome: 'duplicate', version, staleness: record.staleness, reply: record.reply };
  }

  #record(worker: number): WorkerRecord {
    let record = this.#records.get(worker);
    if (!record) {
      const reply = new Float32Array(this.center.length);
      record = { incarnation: 0, window: -1, staleness: 0, version: 0, own: 0, reply };
      this.#records.set(worker, record);
    }
    return record;
  }
}
