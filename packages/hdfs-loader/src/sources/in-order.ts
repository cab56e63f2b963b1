/**
 * Work on many items at a time, its results in the order of the items. Nothing is left running when the reader goes or a
 * piece of work fails.
 *
 * @param limit items that are in work, or done and not yet taken
 * @example for await (const text of inOrder(paths, 8, (path) => readFile(path, 'utf8'))) use(text);
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const waiting: Promise<R>[] = [];
  try {
    for (const item of items) {
      const result = work(item);
      // It is awaited in its turn; until then its failure is no "unhandled rejection".
      result.catch(() => {});
      waiting.push(result);
      if (waiting.length >= limit) yield await waiting.shift()!;
    }
    while (waiting.length > 0) yield await waiting.shift()!;
  } finally {
    await Promise.allSettled(waiting);
  }
}
