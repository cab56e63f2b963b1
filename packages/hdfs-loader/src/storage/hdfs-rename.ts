import { z } from 'zod';
import { normalizedPath } from './location.js';
import type { NameNodes } from './name-nodes.js';
import { RemoteFailure } from './remote-failure.js';

/**
 * Moves a file or directory, atomically: with Hadoop's rename options, for without them it moves something into a directory that is at the target, and says no
 * more than false.
 *
 * @param o.overwrite replaces a file, or an empty directory, at the target
 * @param o.shownAs the path that messages name; default `from`
 * @param o.isThere whether something is at a path: asked when a try whose answer was lost may have moved it
 * @returns false when a gateway (HttpFS) that does not know the options has refused
 * @throws LoaderError NOT_FOUND, also of the directory above the target; EXISTS
 */
export function renameRemote(
  nameNodes: NameNodes,
  o: {
    from: string;
    shownAs?: string;
    to: string;
    overwrite: boolean;
    signal: AbortSignal;
    isThere: (path: string) => Promise<boolean>;
  },
): Promise<boolean> {
  const { from, overwrite, signal, isThere } = o;
  const to = normalizedPath(o.to);
  const parameters = { destination: to, renameoptions: overwrite ? 'OVERWRITE' : 'NONE' };
  return nameNodes.call(
    nameNodes.where('RENAME', o.shownAs ?? from),
    { signal },
    async (address, { idleMs, ambiguous }) => {
      const url = nameNodes.url(address, { op: 'RENAME', path: from, parameters });
      try {
        const answer = await nameNodes.send({ url, method: 'PUT', signal, idleMs });
        return answer.text === '' || answer.field('boolean', z.boolean());
      } catch (error) {
        const missing = error instanceof RemoteFailure && error.exception === 'FileNotFoundException';
        if (missing && ambiguous && (await isThere(to))) return true;
        throw error;
      }
    },
  );
}
