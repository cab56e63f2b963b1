/** One process at a time. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isDead } from '../staging.js';

const LOOK_MS = 100;

/**
 * Does work while no other process does work under the same lock. The lock of a process that has ended is broken.
 *
 * @param path of the lock file; its folder must be there
 * @param o onWait: told once when another process, whose pid it gets, has the lock
 */
export async function withLock<T>(
  path: string,
  o: { onWait?: ((pid: number) => void) | undefined; signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const mine = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(mine, String(process.pid));
  try {
    let told = false;
    // A link is made or not made, and is never seen half written.
    while (!(await link(mine, path).then(() => true, exists))) {
      o.signal?.throwIfAborted();
      const pid = Number(await readFile(path, 'utf8').catch(() => ''));
      if (pid > 0 && isDead(pid)) {
        await rm(path, { force: true });
        continue;
      }
      if (!told) o.onWait?.(pid);
      told = true;
      await delay(LOOK_MS);
    }
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

function exists(error: unknown): false {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
  throw error;
}
