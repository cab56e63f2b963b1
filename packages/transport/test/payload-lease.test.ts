import { describe, expect, it } from 'vitest';
import { PayloadLease } from '../src/payload-lease.js';

describe('PayloadLease', () => {
  it('frees the memory once, when the last holder lets go, in any order', () => {
    for (const order of ['handler first', 'handler last']) {
      let freed = 0;
      const lease = new PayloadLease(() => freed++);
      const releases = [lease.retain(), lease.retain()];
      if (order === 'handler first') lease.end();
      releases[0]!();
      releases[0]!();
      expect(freed).toBe(0);
      releases[1]!();
      expect(freed).toBe(order === 'handler first' ? 1 : 0);
      if (order === 'handler last') lease.end();
      expect(freed).toBe(1);
    }
  });

  it('refuses to keep what was given back', () => {
    const lease = new PayloadLease(() => {});
    lease.end();
    expect(() => lease.retain()).toThrow(expect.objectContaining({ code: 'configuration' }));
  });
});
