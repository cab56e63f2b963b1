/** What Node has and does not document: the handle below a socket, and the fields that `onread` fills. Without them all works, by 'data' events. */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

interface Handle {
  /** Makes reads go into this buffer, until onread's buffer function gives the next. */
  useUserBuffer?(buffer: Uint8Array): void;
}
type Handled = { _handle: Handle | null | undefined };

/**
 * A paused socket with the handle of one that a server accepted (with pauseOnConnect, and not read yet): one that takes `onread`,
 * which `createServer` does not, and for whose end that server does not wait. Undefined where Node does not have handles so.
 *
 * @example const socket = detach(accepted, { onread }) ?? accepted;
 */
export function detach(accepted: Socket, options: { readonly onread?: OnReadOpts } = {}): Socket | undefined {
  const holder = accepted as unknown as Handled;
  const handle = holder._handle;
  if (typeof handle !== 'object' || handle === null) return undefined;
  holder._handle = null;
  const socket = new Socket({ ...options, handle, pauseOnCreate: true } as SocketConstructorOpts);
  // Without its handle it closes nothing: it only leaves the server's count.
  accepted.destroy();
  return socket;
}

const FIELDS = ['kBuffer', 'kBufferGen', 'kBufferCb'] as const;
let symbols: readonly symbol[] | undefined;

/** The symbols that Node keeps onread under: found on a socket that was made with it. */
function onreadSymbols(): readonly symbol[] {
  if (symbols !== undefined) return symbols;
  const onread: OnReadOpts = { buffer: () => new Uint8Array(1), callback: () => true };
  const probe = new Socket({ onread } as SocketConstructorOpts);
  const own = Object.getOwnPropertySymbols(probe);
  symbols = FIELDS.flatMap((name) => own.find(({ description }) => description === name) ?? []);
  probe.destroy();
  return symbols;
}

/**
 * Gives `onread` to a socket that is there already and not read yet: TLS over a connected socket takes none otherwise, and then
 * makes a buffer for each 16 KiB. Returns false where Node does not have it so; nothing has changed then.
 *
 * @example const way = useOnread(secure, intake.onread) ? 'straight' : 'data';
 */
export function useOnread(socket: Socket, onread: OnReadOpts): boolean {
  const [buffer, generate, callback] = onreadSymbols();
  const handle = (socket as unknown as Handled)._handle;
  if (buffer === undefined || generate === undefined || callback === undefined) return false;
  if (typeof handle?.useUserBuffer !== 'function' || typeof onread.buffer !== 'function') return false;
  const first = onread.buffer();
  Object.assign(socket, { [buffer]: first, [generate]: onread.buffer, [callback]: onread.callback });
  handle.useUserBuffer(first);
  return true;
}
