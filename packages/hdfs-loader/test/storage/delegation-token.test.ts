import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDelegationToken } from '../../src/storage/delegation-token.js';

/** Made by Hadoop 3.5.0's own classes: see MakeTokens.java beside it. Each file in both of its formats. */
const tokens = JSON.parse(readFileSync(new URL('../delegation-tokens/tokens.json', import.meta.url), 'utf8')) as Record<
  'pair' | 'single',
  string
> &
  Record<'one' | 'many' | 'none', [string, string]>;

const file = (base64: string): Buffer => Buffer.from(base64, 'base64');

describe.each([0, 1] as const)('a credentials file of version %i', (version) => {
  it('gives its token, as WebHDFS wants it', () => {
    expect(readDelegationToken(file(tokens.one[version]))).toBe(tokens.pair);
  });

  it('gives the one of a service', () => {
    const many = file(tokens.many[version]);
    expect(readDelegationToken(many, { service: 'ha-hdfs:ns' })).toBe(tokens.pair);
    expect(readDelegationToken(many, { service: '10.0.0.1:8020' })).toBe(tokens.single);
  });

  it.each([
    [
      'several, and no telling which',
      'many',
      undefined,
      /with one token of HDFS, got (?=.*ha-hdfs:ns).*10\.0\.0\.1:8020/,
    ],
    ['none of the service', 'many', 'other', /with one token of HDFS for other, got /],
    ['none of HDFS', 'none', undefined, /got RM_DELEGATION_TOKEN for rm:8032$/],
  ] as const)('is refused with %s', (_, name, service, message) => {
    expect(() => readDelegationToken(file(tokens[name][version]), service === undefined ? {} : { service })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string }),
    );
  });

  it('is refused wherever it is cut', () => {
    const whole = file(tokens.one[version]);
    for (let length = 4; length < whole.length - 1; length++) {
      expect(() => readDelegationToken(whole.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});

describe('text', () => {
  it('is the token itself, or WebHDFS’s answer', () => {
    expect(readDelegationToken(`${tokens.pair}\n`)).toBe(tokens.pair);
    expect(readDelegationToken(Buffer.from(` ${tokens.single} `))).toBe(tokens.single);
    expect(readDelegationToken(`{"Token":{"urlString":"${tokens.pair}"}}`)).toBe(tokens.pair);
  });

  it.each([
    ['', /got an empty file$/],
    ['{"Token":null}', /got JSON without one, as WebHDFS answers where there is no Kerberos$/],
    ['{', /got JSON without one/],
    ['{"Token":{"urlString":"secret"}}', /got 32 characters of other text$/],
    ['Token (HDFS_DELEGATION_TOKEN token 1 for weft) for 127.0.0.1:8020', /got \d+ characters of other text$/],
    ['secret', /got 6 characters of other text$/],
    [`${'A'.repeat(100)}`, /got 100 characters of other text$/],
    ['HDTS\u0007', /version 7, of which 0 and 1 are known$/],
  ])('%j is none', (text, message) => {
    expect(() => readDelegationToken(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string }),
    );
  });
});
