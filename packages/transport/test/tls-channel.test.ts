import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { TransportError } from '../src/errors.js';
import { deriveKey } from '../src/keys.js';
import { channelBinding, secureClient, secureServer, serverContext } from '../src/tls-channel.js';
import { certificate } from './certificate.js';
import { gate, TOKEN } from './pair.js';

type Outcome = TLSSocket | TransportError;

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A server with a token; what became of its first connection. */
async function tokenServer(token: Uint8Array): Promise<{ port: number; outcome: Promise<Outcome> }> {
  const outcome = gate<Outcome>();
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy());
    secureServer({ socket, token, context: serverContext(), onSecure: outcome.open, onFailed: outcome.open });
  });
  return { port: await listening(server), outcome: outcome.promise };
}

async function tokenClient(port: number, token: Uint8Array): Promise<Outcome> {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const outcome = gate<Outcome>();
  secureClient({ socket, token, onSecure: outcome.open, onFailed: outcome.open });
  return await outcome.promise;
}

/** A server that has a certificate and no key of the run. */
const certified = (o: { maxVersion?: SecureVersion } = {}) =>
  listening(
    createTlsServer({ ...certificate(), ...o }, (socket) => void socket.on('error', () => {})).on(
      'tlsClientError',
      () => {},
    ),
  );

const refusal = { name: 'TransportError', code: 'authentication', retryable: false };

describe('with the same token', () => {
  it('both sides come to TLS 1.3 and to one binding, a new one for each connection', async () => {
    const { port, outcome } = await tokenServer(TOKEN);
    const near = (await tokenClient(port, TOKEN)) as TLSSocket;
    const far = (await outcome) as TLSSocket;
    expect([near.getProtocol(), far.getProtocol()]).toEqual(['TLSv1.3', 'TLSv1.3']);
    expect(channelBinding(near)).toHaveLength(32);
    expect(channelBinding(near)).toEqual(channelBinding(far));
    const another = (await tokenClient(port, TOKEN)) as TLSSocket;
    expect(channelBinding(another)).not.toEqual(channelBinding(near));
  });
});

describe('without', () => {
  it('both sides say so in one line', async () => {
    const { port, outcome } = await tokenServer(TOKEN);
    expect(await tokenClient(port, randomBytes(32))).toMatchObject(refusal);
    const error = (await outcome) as TransportError;
    expect(error).toMatchObject(refusal);
    expect(error.message).toBe(
      "TLS: a client with the run's key expected, got one with another or none (is the token the same?)",
    );
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('a server with a certificate is refused by %s', async (maxVersion) => {
    expect(await tokenClient(await certified({ maxVersion }), TOKEN)).toMatchObject(refusal);
  });

  it('a server with a certificate is refused where the environment takes any', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const port = await certified();
    const naive = connectTls({ host: '127.0.0.1', port });
    onTestFinished(() => void naive.destroy());
    await once(naive, 'secureConnect'); // this is what the environment does
    expect(await tokenClient(port, TOKEN)).toMatchObject(refusal);
  });

  it('a server with a certificate is refused where the environment trusts it', async () => {
    const pair = certificate();
    const port = await listening(createTlsServer(pair, (socket) => void socket.end()).on('tlsClientError', () => {}));
    const folder = mkdtempSync(join(tmpdir(), 'weft-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'ca.pem'), pair.cert);
    const script = `
      import { connect } from 'node:net';
      import { connect as connectTls } from 'node:tls';
      import { secureClient } from ${JSON.stringify(new URL('../dist/tls-channel.js', import.meta.url).href)};
      const naive = connectTls({ host: 'localhost', port: ${port}, checkServerIdentity: () => undefined });
      naive.on('secureConnect', () => {
        const socket = connect({ host: '127.0.0.1', port: ${port} }, () => {
          const end = (outcome) => { console.log(naive.authorized, outcome); process.exit(); };
          secureClient({ socket, token: Buffer.alloc(32, 1), onSecure: () => end('accepted'), onFailed: (e) => end(e.code) });
        });
      });`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    });
    expect(stdout.trim()).toBe('true authentication');
  });

  it('a client without a key is refused, and one of TLS 1.2 that has it', async () => {
    const { port } = await tokenServer(TOKEN);
    for (const o of [
      {},
      {
        maxVersion: 'TLSv1.2' as const,
        ciphers: 'PSK-AES128-GCM-SHA256',
        minVersion: 'TLSv1.2' as const,
        pskCallback: () => ({ psk: deriveKey(TOKEN, 'tls', 'client'), identity: 'weft v1' }),
      },
      {
        pskCallback: () => ({ psk: deriveKey(TOKEN, 'tls', 'server'), identity: 'weft v1' }),
        ciphers: 'TLS_AES_128_GCM_SHA256',
      },
      {
        pskCallback: () => ({ psk: deriveKey(TOKEN, 'tls', 'client'), identity: 'another' }),
        ciphers: 'TLS_AES_128_GCM_SHA256',
      },
    ]) {
      const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...o });
      const [error] = (await once(socket, 'error')) as [Error];
      expect(error.message).toMatch(/alert|disconnected|ECONNRESET/);
    }
  });

  it('what speaks no TLS is told apart', async () => {
    const { port, outcome } = await tokenServer(TOKEN);
    const socket = connect({ host: '127.0.0.1', port });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {}).write('WEFH'.repeat(36));
    expect(await outcome).toMatchObject({
      ...refusal,
      message: 'TLS: a client that speaks TLS expected, got something else (is tls off on that side only?)',
    });
    const deaf = await listening(
      createServer((other: Socket) => void other.on('error', () => {}).end('WEFH'.repeat(36))),
    );
    expect(await tokenClient(deaf, TOKEN)).toMatchObject(refusal);
    const mute = await listening(createServer((other: Socket) => void other.destroy()));
    expect(await tokenClient(mute, TOKEN)).toMatchObject({ code: 'lost', retryable: true });
  });
});
