import { describe, expect, it } from 'vitest';
import { errorHeader, remoteError } from '../src/error-frame.js';

describe('errorHeader', () => {
  it('carries code, message and whether it may work later', () => {
    expect(errorHeader(Object.assign(new Error('old term'), { code: 'stale', retryable: true }))).toEqual({
      code: 'stale',
      message: 'old term',
      retryable: true,
    });
  });

  it('calls what has no code internal, and takes anything thrown', () => {
    expect(errorHeader(new Error('x'))).toEqual({ code: 'internal', message: 'x', retryable: false });
    expect(errorHeader('text')).toEqual({ code: 'internal', message: 'text', retryable: false });
    expect(errorHeader(undefined)).toEqual({ code: 'internal', message: 'undefined', retryable: false });
  });

  it('cuts long messages', () => {
    expect((errorHeader(new Error('x'.repeat(5000)))['message'] as string).length).toBe(1000);
  });
});

describe('remoteError', () => {
  it('names peer and operation, and keeps the remote code', () => {
    const error = remoteError({ code: 'stale', message: 'old term', retryable: true }, { peer: 'p', operation: 'o' });
    expect(error).toMatchObject({
      code: 'remote',
      remoteCode: 'stale',
      remoteMessage: 'old term',
      retryable: true,
      message: 'o to p: stale: old term',
    });
  });

  it('takes any header', () => {
    expect(remoteError({ code: 5 }, { peer: 'p', operation: 'o' })).toMatchObject({ remoteCode: 'internal' });
  });
});
