import { describe, expect, it } from 'vitest';
import { deferred } from '../src/deferred.js';

describe('deferred', () => {
  it('is settled from outside, once', async () => {
    const good = deferred<number>();
    good.resolve(1);
    good.resolve(2);
    good.reject(new Error('late'));
    expect(await good.promise).toBe(1);
    const bad = deferred<number>();
    bad.reject(new Error('first'));
    bad.resolve(1);
    await expect(bad.promise).rejects.toThrow('first');
  });
});
