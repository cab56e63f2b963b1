import { describe, expect, it } from 'vitest';
import { isRepeatable, piecesOf, piecesUntil, requireRange, temporaryName } from '../../src/storage/write-data.js';
import { entries } from '../fake-storage.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

async function* made(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

describe('piecesOf', () => {
  it('is one piece of a view, and the pieces of others', async () => {
    expect([...piecesOf(bytes(1, 2))]).toEqual([bytes(1, 2)]);
    expect(await entries(piecesUntil(made(bytes(1), bytes(2)), undefined))).toEqual([bytes(1), bytes(2)]);
  });

  it('can be gone over again where it is a view, or an array', () => {
    expect(isRepeatable(bytes(1))).toBe(true);
    expect(isRepeatable([bytes(1), bytes(2)])).toBe(true);
    expect(isRepeatable(made(bytes(1)))).toBe(false);
    expect(isRepeatable(new Set([bytes(1)]))).toBe(false);
  });
});

describe('piecesUntil', () => {
  it('ends with the signal though the next piece never comes, and lets go of the source', async () => {
    const stop = new AbortController();
    let returned = false;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          returned = true;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    const read = entries(piecesUntil(source, stop.signal));
    stop.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
    expect(returned).toBe(true);
  });

  it('gives all pieces of sync and async sources under a signal', async () => {
    const { signal } = new AbortController();
    expect(await entries(piecesUntil([bytes(1), bytes(2)], signal))).toEqual([bytes(1), bytes(2)]);
    expect(await entries(piecesUntil(made(bytes(3)), signal))).toEqual([bytes(3)]);
  });

  it('passes the source’s own error on', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield bytes(1);
      throw new Error('source broke');
    }
    await expect(entries(piecesUntil(failing(), new AbortController().signal))).rejects.toThrow('source broke');
  });
});

describe('temporaryName', () => {
  it('is hidden, beside the file, and never the same', () => {
    const name = temporaryName('/a/b c.txt');
    expect(name).toMatch(/^\/a\/\.b c\.txt\.[0-9a-f]{8}\.partial$/);
    expect(temporaryName('/a/b c.txt')).not.toBe(name);
    expect(temporaryName('/top')).toMatch(/^\/\.top\./);
  });

  it('fits where the name itself just does: 255 bytes', () => {
    for (const name of ['x'.repeat(255), '😀'.repeat(63)]) {
      const made = temporaryName(`/d/${name}`).slice(3);
      expect(Buffer.byteLength(made)).toBeLessThanOrEqual(255);
      expect(made).not.toMatch(/\p{Surrogate}/u);
    }
  });
});

describe('requireRange', () => {
  it.each([
    [0, 0, 0],
    [0, 10, 10],
    [10, 0, 10],
    [3, 4, 10],
  ])('takes %i + %i of %i', (offset, length, size) => {
    expect(() => requireRange({ path: '/a', offset, length, size })).not.toThrow();
  });

  it.each([
    [-1, 1],
    [0, 11],
    [11, 0],
    [5, 6],
    [0, -1],
    [0.5, 1],
    [0, Number.NaN],
    [Number.MAX_SAFE_INTEGER, 2],
  ])('refuses %d + %d of 10', (offset, length) => {
    expect(() => requireRange({ path: '/a', offset, length, size: 10 })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `/a: expected a range within its 10 bytes, got ${length} bytes from byte ${offset}`,
      }),
    );
  });
});
