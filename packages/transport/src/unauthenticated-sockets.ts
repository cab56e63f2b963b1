import type { Socket } from 'node:net';

/** How many connections may be open that have proved nothing yet. */
export interface UnauthenticatedLimits {
  /** Of one address. */
  readonly perAddress: number;
  /** Of all addresses. */
  readonly inAll: number;
}

/**
 * The places of those who have not proved anything yet. They are apart from those of the run's members, so that strangers can never
 * take one of these, however many come. When all are taken, the one that has waited longest gives way: a member needs its
 * place for two round trips only, so a crowd that sits still keeps nobody out.
 */
export class UnauthenticatedSockets {
  readonly #limits: UnauthenticatedLimits;
  /** In the order of arrival. */
  readonly #waiting = new Map<Socket, { readonly address: string; readonly giveWay: () => void }>();
  readonly #counts = new Map<string, number>();

  constructor(limits: UnauthenticatedLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * admitted: may try; tell: one too many of its address, to be told so and then left; drop: so many that not even that.
   * giveWay is called when the place has gone to another; it is to end the connection.
   */
  enter(socket: Socket, giveWay: () => void): 'admitted' | 'tell' | 'drop' {
    const address = socket.remoteAddress;
    if (address === undefined) return 'drop'; // gone already
    const count = this.#counts.get(address) ?? 0;
    if (count >= 2 * this.#limits.perAddress) return 'drop';
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#waiting.size >= this.#limits.inAll) {
      this.leave(oldest[0]);
      oldest[1].giveWay();
    }
    this.#waiting.set(socket, { address, giveWay });
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    return count < this.#limits.perAddress ? 'admitted' : 'tell';
  }

  /** Returns whether the socket was still counted. */
  leave(socket: Socket): boolean {
    const place = this.#waiting.get(socket);
    if (place === undefined) return false;
    this.#waiting.delete(socket);
    const left = this.#counts.get(place.address)! - 1;
    if (left === 0) this.#counts.delete(place.address);
    else this.#counts.set(place.address, left);
    return true;
  }

  destroyAll(): void {
    for (const socket of this.#waiting.keys()) socket.destroy();
  }
}
