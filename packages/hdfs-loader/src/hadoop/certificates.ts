/** A self-signed certificate for Hadoop's HTTPS, made by Java's keytool. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LoaderError } from '../errors.js';
import type { Java } from './java.js';

const run = promisify(execFile);

/** PKCS12 files, as Hadoop takes them. */
export interface Stores {
  readonly keyStore: string;
  readonly trustStore: string;
  readonly password: string;
  /** What a client trusts, PEM. */
  readonly ca: string;
}

/**
 * Makes a key and a certificate for hosts, and the stores that hold them.
 *
 * @param o dir: folder for the stores; hosts: names and addresses that the certificate is for
 * @throws LoaderError IO when keytool fails
 */
export async function makeStores(o: { java: Java; dir: string; hosts: readonly string[] }): Promise<Stores> {
  const { java, dir } = o;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const password = randomBytes(16).toString('hex');
  const keyStore = join(dir, 'key.p12');
  const trustStore = join(dir, 'trust.p12');
  const pem = join(dir, 'ca.pem');
  await Promise.all([keyStore, trustStore, pem].map((path) => rm(path, { force: true })));
  const names = [...new Set(o.hosts)].map((host) => `${isIP(host) ? 'ip' : 'dns'}:${host}`).join(',');
  const keytool = async (...words: string[]): Promise<void> => {
    try {
      await run(
        java.keytool,
        [...words, '-alias', 'weft', '-storetype', 'PKCS12', '-storepass:env', 'WEFT_STORE_PASSWORD'],
        {
          env: { ...process.env, WEFT_STORE_PASSWORD: password },
        },
      );
    } catch (cause) {
      const { stdout = '', message } = cause as Error & { stdout?: string };
      throw new LoaderError('IO', `keytool ${words[0]}: ${stdout.trim().split('\n')[0] || message}`, { cause });
    }
  };
  const key = ['-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', '-dname', 'CN=weft', '-validity', '3650'];
  await keytool(...key, '-ext', `SAN=${names}`, '-ext', 'BC=ca:true', '-keystore', keyStore);
  await keytool('-exportcert', '-rfc', '-file', pem, '-keystore', keyStore);
  await keytool('-importcert', '-noprompt', '-file', pem, '-keystore', trustStore);
  return { keyStore, trustStore, password, ca: await readFile(pem, 'utf8') };
}
