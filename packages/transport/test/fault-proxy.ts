import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FaultDirection } from './fault-direction.js';

export interface FaultProxyOptions {
  /** Where connections go on to. */
  readonly target: { readonly host: string; readonly port: number };
  /** Where to listen; default 127.0.0.1 and a free port. */
  readonly host?: string;
  readonly port?: number;
}

/**
 * A TCP proxy in this process that does what networks do: slow down, stall, lose, cut, reset, change a byte. `up` is the way from who
 * connects to the target, `down` the way back. It needs no rights and no sleeps: `await proxy.up.forwarded(40)`.
 *
 * @example
 * const proxy = await faultProxy({ target: server });
 * proxy.up.after(40, 'reset');                      // between a prefix and its header
 * const connection = await connect({ ...proxy.address, identity, token });
 */
export class FaultProxy {
  readonly up = new FaultDirection();
  readonly down = new FaultDirection();
  readonly #target: FaultProxyOptions['target'];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;
  #closing: Promise<void> | undefined;

  constructor(server: Server, target: FaultProxyOptions['target']) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Where to connect to. */
  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  get port(): number {
    return this.address.port;
  }

  /** Connections that came, ever. */
  get connections(): number {
    return this.#connections;
  }

  /** Both ways deliver nothing from now on, no end and no reset either: each side's peer has vanished. */
  vanish(): void {
    this.up.swallow();
    this.down.swallow();
  }

  /** Resets all open connections on both sides. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Ends everything. Any number of calls. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.up.stop();
    this.down.stop();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    this.#connections += 1;
    const far = connect({ ...this.#target, noDelay: true, allowHalfOpen: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}); // the pipe passes it on, unless it swallows
      socket.on('close', () => this.#sockets.delete(socket));
    }
    this.up.pipe(near, far);
    this.down.pipe(far, near);
  }
}

/**
 * Starts a proxy on loopback.
 *
 * @example const proxy = await faultProxy({ target: { host: '127.0.0.1', port: 4000 } });
 */
export async function faultProxy(o: FaultProxyOptions): Promise<FaultProxy> {
  const { host = '127.0.0.1', port = 0, target } = o;
  const server = createServer({ noDelay: true, allowHalfOpen: true });
  const proxy = new FaultProxy(server, { host: target.host, port: target.port });
  server.listen({ host, port });
  await once(server, 'listening');
  return proxy;
}
