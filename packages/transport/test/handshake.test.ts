import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TransportError } from '../src/errors.js';
import { Handshake, type HandshakeOptions } from '../src/handshake.js';
import { SHARD, TOKEN, WORKER } from './pair.js';

type Party = { handshake: Handshake; sent: Uint8Array[] };

function party(o: Partial<HandshakeOptions> & { side: 'client' | 'server' }): Party {
  const sent: Uint8Array[] = [];
  const identity = o.side === 'client' ? WORKER : SHARD;
  const handshake = new Handshake({ identity, token: TOKEN, send: (bytes) => sent.push(bytes), ...o });
  return { handshake, sent };
}

/** Carries bytes between the two until nobody says more; the first error of each. */
function run(client: Party, server: Party): { client?: TransportError; server?: TransportError } {
  const errors: { client?: TransportError; server?: TransportError } = {};
  while (client.sent.length > 0 || server.sent.length > 0) {
    const up = client.sent.shift();
    if (up !== undefined && errors.server === undefined) {
      try {
        server.handshake.write(up);
      } catch (error) {
        errors.server = error as TransportError;
      }
    }
    const down = server.sent.shift();
    if (down !== undefined && errors.client === undefined) {
      try {
        client.handshake.write(down);
      } catch (error) {
        errors.client = error as TransportError;
      }
    }
  }
  return errors;
}

describe('Handshake', () => {
  it('tells each side who the other is', () => {
    const client = party({ side: 'client' });
    const server = party({ side: 'server' });
    expect(run(client, server)).toEqual({});
    expect(client.handshake.authenticated).toEqual({ peer: SHARD, version: 1 });
    expect(server.handshake.authenticated).toEqual({ peer: WORKER, version: 1 });
  });

  it('takes bytes one by one, and leaves what comes after', () => {
    const client = party({ side: 'client' });
    const server = party({ side: 'server' });
    const hello = client.sent.shift()!;
    for (const byte of hello) expect(server.handshake.write(Uint8Array.of(byte))).toBeUndefined();
    client.handshake.write(server.sent.shift()!);
    const proof = client.sent.shift()!;
    expect(server.handshake.write(Uint8Array.from([...proof, 1, 2, 3]))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('takes the highest version that both speak', () => {
    const client = party({ side: 'client', versions: { min: 1, max: 5 } });
    const server = party({ side: 'server', versions: { min: 2, max: 3 } });
    expect(run(client, server)).toEqual({});
    expect(client.handshake.authenticated?.version).toBe(3);
  });

  it.each([
    ['another token', { token: new Uint8Array(32) }, 'authentication'],
    ['another run', { identity: { ...WORKER, run: 'r2' } }, 'run'],
    ['no shared version', { versions: { min: 2, max: 2 } }, 'version'],
    ['another channel', { binding: Uint8Array.of(1) }, 'authentication'],
  ])('ends in one clear error on both sides: %s', (_name, o, code) => {
    const client = party({ side: 'client', ...o });
    const server = party({ side: 'server' });
    expect(run(client, server)).toMatchObject({ client: { code }, server: { code } });
    expect(client.handshake.authenticated).toBeUndefined();
    expect(server.handshake.authenticated).toBeUndefined();
  });

  it('is not fooled by its own hello, as it is or with the side changed', () => {
    const first = party({ side: 'client' });
    expect(() => first.handshake.write(first.sent[0]!)).toThrow(/side 2 expected, got 1/);
    const second = party({ side: 'client' });
    const reflected = Uint8Array.from(second.sent[0]!);
    reflected[6] = 2;
    expect(() => second.handshake.write(reflected)).toThrow(/a nonce of its own expected, got ours/);
  });

  it('is not fooled by its own proof', () => {
    const client = party({ side: 'client' });
    const server = party({ side: 'server' });
    server.handshake.write(client.sent.shift()!);
    client.handshake.write(server.sent.shift()!);
    const proof = client.sent.shift()!;
    expect(() => client.handshake.write(proof)).toThrow(expect.objectContaining({ code: 'authentication' }));
  });

  it('is not fooled by a recorded conversation', () => {
    const client = party({ side: 'client' });
    const recorded: Uint8Array[] = [client.sent[0]!];
    const server = party({ side: 'server' });
    server.handshake.write(client.sent.shift()!);
    client.handshake.write(server.sent.shift()!);
    recorded.push(client.sent[0]!);
    const another = party({ side: 'server' });
    another.handshake.write(recorded[0]!);
    expect(() => another.handshake.write(recorded[1]!)).toThrow(expect.objectContaining({ code: 'authentication' }));
  });

  it('notices a version range that was changed on the way', () => {
    const client = party({ side: 'client', versions: { min: 1, max: 2 } });
    const server = party({ side: 'server', versions: { min: 1, max: 2 } });
    client.sent[0] = Uint8Array.from(client.sent[0]!);
    client.sent[0][5] = 1;
    expect(run(client, server)).toMatchObject({ server: { code: 'authentication' } });
  });

  it('says authentication when something else knocks', () => {
    const server = party({ side: 'server' });
    const knock = new TextEncoder().encode('GET / HTTP/1.1\r\n'.repeat(10));
    expect(() => server.handshake.write(knock)).toThrow(expect.objectContaining({ code: 'authentication' }));
  });

  it('ends in one error when any byte of it was changed on the way', () => {
    // 0: hello_c, 1: hello_s, 2: proof_c, 3: proof_s
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 3), fc.nat(143), fc.integer({ min: 1, max: 255 }), (which, where, by) => {
        const client = party({ side: 'client' });
        const server = party({ side: 'server' });
        const change = (record: Uint8Array, index: number) => {
          const changed = Uint8Array.from(record);
          if (index === which) changed[where % record.length]! ^= by;
          return changed;
        };
        expect(() => {
          server.handshake.write(change(client.sent.shift()!, 0));
          client.handshake.write(change(server.sent.shift()!, 1));
          server.handshake.write(change(client.sent.shift()!, 2));
          client.handshake.write(change(server.sent.shift()!, 3));
        }).toThrow(expect.objectContaining({ name: 'TransportError' }));
      }),
      { numRuns: 2000 },
    );
  });

  it('ends in one error on random bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 144, maxLength: 400 }),
        fc.constantFrom('client', 'server'),
        (bytes, side) => {
          expect(() => party({ side }).handshake.write(bytes)).toThrow(
            expect.objectContaining({ code: 'authentication' }),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
