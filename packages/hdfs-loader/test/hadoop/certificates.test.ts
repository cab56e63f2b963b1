import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { makeStores } from '../../src/hadoop/certificates.js';
import { findJava } from '../../src/hadoop/java.js';
import { scratchFolder } from '../scratch-folder.js';

const java = await findJava({ javaHome: process.env['JAVA_HOME'], searchPath: process.env['PATH'] }).catch(() => null);

describe('makeStores', { timeout: 60_000 }, () => {
  it.skipIf(!java)('makes a certificate for the hosts, a key and a password that is nowhere else', async () => {
    const hosts = ['localhost', '127.0.0.1', '127.0.1.2'];
    const one = await makeStores({ java: java!, dir: scratchFolder(), hosts });
    const certificate = new X509Certificate(one.ca);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    for (const host of hosts.slice(1)) expect(certificate.checkIP(host)).toBe(host);
    expect(certificate.checkIP('127.0.1.3')).toBeUndefined();
    expect(one.password).toMatch(/^[0-9a-f]{32}$/);
    for (const store of [one.keyStore, one.trustStore]) expect((await readFile(store)).length).toBeGreaterThan(500);
  });

  it('says that keytool could not be run', async () => {
    const none = { path: '', keytool: '/nowhere/keytool', major: 17, build: '' };
    const making = makeStores({ java: none, dir: scratchFolder(), hosts: ['localhost'] });
    await expect(making).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/^keytool -genkeypair: .*ENOENT/) as string,
    });
  });
});
