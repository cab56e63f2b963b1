import type { Socket } from 'node:net';

/** Counts the connections of each address that have not proved anything yet. */
export class UnauthenticatedSockets {
  readonly #max: number;
  readonly #byAddress = new Map<string, Set<Socket>>();

  constructor(maxPerAddress: number) {
    this.#max = maxPerAddress;
  }

  /** admitted: may try; tell: one too many, to be told so and then left; drop: so many that not even that. */
  enter(socket: Socket): 'admitted' | 'tell' | 'drop' {
    const address = socket.remoteAddress;
    if (address === undefined) return 'drop'; // gone already
    const sockets = this.#byAddress.get(address) ?? new Set();
    if (sockets.size >= 2 * this.#max) return 'drop';
    const admitted = sockets.size < this.#max;
    sockets.add(socket);
    this.#byAddress.set(address, sockets);
    return admitted ? 'admitted' : 'tell';
  }

  /** Returns whether the socket was still counted. */
  leave(socket: Socket): boolean {
    for (const [address, sockets] of this.#byAddress) {
      if (!sockets.delete(socket)) continue;
      if (sockets.size === 0) this.#byAddress.delete(address);
      return true;
    }
    return false;
  }

  destroyAll(): void {
    for (const sockets of this.#byAddress.values()) for (const socket of sockets) socket.destroy();
  }
}
