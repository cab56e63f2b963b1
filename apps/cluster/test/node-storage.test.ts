import { describe, expect, it } from 'vitest';
import { parseHosts } from '../src/hosts.js';
import { storageAt } from '../src/node-storage.js';

const [host, part] = parseHosts('localhost\n127.0.1.9\n', 'hosts.txt');

describe('storageAt', () => {
  it('says what was said, and who a host is that stands for a part of this machine', () => {
    const storage = { user: 'alice', delegationToken: undefined, onWait: () => {} };
    expect(storageAt(host!, storage)).toEqual({ user: 'alice' });
    expect(storageAt(part!, storage)).toEqual({ user: 'alice', localHosts: ['127.0.1.9'] });
  });
});
