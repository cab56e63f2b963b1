/** Signals that any number of calls listen to: Node takes more than ten listeners for a leak, and says so on standard error. */
import { setMaxListeners } from 'node:events';

/** A signal that is given when one of these is, with its reason. */
export function anyOf(signals: readonly AbortSignal[]): AbortSignal {
  const any = AbortSignal.any([...signals]);
  setMaxListeners(0, any);
  return any;
}

/** A controller whose signal every call that is under way listens to. */
export function crowdedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
