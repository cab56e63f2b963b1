/** Work that a signal ends in order. */
import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs something that the first Ctrl-C, SIGTERM or SIGHUP aborts. A second one ends this process at once, and its
 * children with it, as they lose their standard input. Afterwards signals do what they did before.
 */
export async function interruptible(o: {
  run: (signal: AbortSignal) => Promise<void>;
  onKill: () => void;
}): Promise<void> {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) {
      o.onKill();
      process.exit(130);
    }
    abort.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    await o.run(abort.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
