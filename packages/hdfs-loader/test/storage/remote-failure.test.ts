import { describe, expect, it } from 'vitest';
import { connectionFailure, failureOf, IPC_PORT } from '../../src/storage/remote-failure.js';

const remote = (exception: string, message = 'why\n\tat Foo.java'): string =>
  JSON.stringify({ RemoteException: { exception, javaClassName: `org.apache.hadoop.${exception}`, message } });

describe('failureOf', () => {
  it.each([
    [404, 'FileNotFoundException', 'NOT_FOUND', 'none'],
    [403, 'FileAlreadyExistsException', 'EXISTS', 'none'],
    [403, 'AccessControlException', 'PERMISSION', 'none'],
    [401, 'SecurityException', 'PERMISSION', 'none'],
    [403, 'InvalidToken', 'PERMISSION', 'none'],
    [403, 'NSQuotaExceededException', 'QUOTA', 'none'],
    [403, 'DSQuotaExceededException', 'QUOTA', 'none'],
    [403, 'SafeModeException', 'SAFE_MODE', 'wait'],
    [500, 'SafeModeException', 'SAFE_MODE', 'wait'],
    [403, 'StandbyException', 'UNAVAILABLE', 'move'],
    [403, 'RetriableException', 'UNAVAILABLE', 'wait'],
    [403, 'BlockMissingException', 'UNAVAILABLE', 'wait'],
    [403, 'ConnectException', 'UNAVAILABLE', 'wait'],
    [403, 'SocketException', 'UNAVAILABLE', 'wait'],
    [403, 'EOFException', 'UNAVAILABLE', 'wait'],
    [400, 'IllegalArgumentException', 'INVALID_ARGUMENT', 'none'],
    [403, 'InvalidPathException', 'INVALID_ARGUMENT', 'none'],
    [403, 'PathIsNotEmptyDirectoryException', 'IO', 'none'],
    [403, 'IOException', 'IO', 'none'],
    [403, 'constructor', 'IO', 'none'],
    [503, 'IOException', 'UNAVAILABLE', 'wait'],
  ] as const)('%i %s is %s: %s', (status, exception, code, remedy) => {
    const failure = failureOf(status, remote(exception), 'nn:9870');
    expect(failure.remedy).toBe(remedy);
    expect(failure.toLoaderError('OP hdfs://nn/x')).toMatchObject({
      code,
      message: `OP hdfs://nn/x: ${exception}: why`,
    });
  });

  it.each([
    'Failed to find datanode, suggest to check cluster health. excludeDatanodes=null',
    'No active and not excluded nodes contain block blk_1',
    'File /x could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running',
  ])('waits for a DataNode: %s', (message) => {
    expect(failureOf(403, remote('IOException', message), 'nn:9870')).toMatchObject({
      remedy: 'wait',
      ambiguous: false,
    });
  });

  it('waits for a NameNode that a DataNode has lost, and knows nothing of what was done', () => {
    const message = 'DestHost:destPort nn:8020 , LocalHost:localPort dn/10.0.0.1:0. Failed on local exception: reset';
    for (const body of [remote('IOException', message), remote('SocketException', 'Call From dn to nn:8020 failed')])
      expect(failureOf(403, body, 'dn:9864')).toMatchObject({ remedy: 'wait', ambiguous: true });
  });

  it.each([
    [503, '<html>\r\n<head><title>503 Service\n Unavailable</title></head><body>…', 'wait', false, 'UNAVAILABLE'],
    [502, '<h1>Bad</h1> <p>gateway</p>', 'wait', true, 'UNAVAILABLE'],
    [504, '', 'wait', true, 'UNAVAILABLE'],
    [429, 'slow down', 'wait', false, 'UNAVAILABLE'],
    [404, '<html><title>Not Found</title></html>', 'none', false, 'IO'],
    [403, 'Forbidden', 'none', false, 'PERMISSION'],
    [401, '', 'none', false, 'PERMISSION'],
    [418, undefined, 'none', false, 'IO'],
  ] as const)('a page of a gateway: %i %s', (status, body, remedy, ambiguous, code) => {
    const failure = failureOf(status, body, 'nn:9870');
    expect(failure).toMatchObject({ status, exception: '', remedy, ambiguous });
    expect(failure.toLoaderError('x').code).toBe(code);
    expect(failure.message).not.toMatch(/[<\n]/);
    expect(failure.message).toContain(`nn:9870: expected an answer of WebHDFS, got HTTP status ${status}`);
  });

  it('says what a page says, and no more than 200 characters', () => {
    expect(failureOf(503, '<title>Service  Unavailable</title>', 'nn:9870').message).toMatch(
      /503: Service Unavailable$/,
    );
    expect(failureOf(500, 'x'.repeat(1_000_000), 'nn:9870').message.length).toBeLessThan(300);
  });

  it('knows the port of Hadoop’s own protocol', () => {
    const body = 'It looks like you are making an HTTP request to a Hadoop IPC port. This is not the correct port.';
    expect(failureOf(404, body, 'nn:9870').exception).toBe(IPC_PORT);
  });

  it('takes JSON that is none of Hadoop’s for a page', () => {
    for (const body of ['null', '[]', '{"RemoteException":null}', '7'])
      expect(failureOf(500, body, 'nn:9870').exception).toBe('');
    expect(failureOf(500, '{"RemoteException":{}}', 'nn:9870')).toMatchObject({
      exception: '',
      message: 'no message, HTTP status 500 of nn:9870',
    });
  });
});

describe('connectionFailure', () => {
  const error = (code: string, more: object = {}): Error => Object.assign(new Error(`${code}!`), { code, ...more });

  it.each([
    ['ECONNREFUSED', {}, 'move', false, 'UNAVAILABLE'],
    ['ENOTFOUND', {}, 'move', false, 'UNAVAILABLE'],
    ['UND_ERR_CONNECT_TIMEOUT', {}, 'move', false, 'TIMEOUT'],
    ['ETIMEDOUT', { syscall: 'connect' }, 'move', false, 'TIMEOUT'],
    ['ETIMEDOUT', {}, 'move', true, 'TIMEOUT'],
    ['ECONNRESET', {}, 'move', true, 'UNAVAILABLE'],
    ['UND_ERR_SOCKET', {}, 'move', true, 'UNAVAILABLE'],
    ['UND_ERR_HEADERS_TIMEOUT', {}, 'move', true, 'TIMEOUT'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', {}, 'none', false, 'IO'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', {}, 'none', false, 'IO'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', {}, 'none', false, 'IO'],
  ] as const)('%s %o: %s', (code, more, remedy, ambiguous, loaderCode) => {
    const failure = connectionFailure('nn:9870', error(code, more));
    expect(failure).toMatchObject({ status: 0, remedy, ambiguous });
    if (!code.startsWith('UND_ERR')) {
      const hint = remedy === 'none' ? '; expected a certificate that is trusted' : '';
      expect(failure.message).toBe(`nn:9870: ${code}!${hint}`);
    }
    expect(failure.toLoaderError('OP /x').code).toBe(loaderCode);
  });

  it('says in plain words what undici calls otherwise', () => {
    const failure = connectionFailure('dn:9864', error('UND_ERR_HEADERS_TIMEOUT'));
    expect(failure.toLoaderError('OPEN /x').message).toBe('OPEN /x: dn:9864: no answer in time');
  });

  it.each([
    ['socket hang up', 'the connection ended before the answer'],
    ['read ECONNRESET', 'the connection was reset'],
  ])('says in plain words what Node calls %s', (said, words) => {
    const cause = Object.assign(new Error(said), { code: 'ECONNRESET' });
    expect(connectionFailure('nn:1', cause).message).toBe(`nn:1: ${words}`);
  });

  it('takes what was thrown for its words where it is no error', () => {
    expect(connectionFailure('nn:1', 'gone').message).toBe('nn:1: gone');
    expect(connectionFailure('nn:1', Object.assign(new Error(''), { code: 'ECONNREFUSED' })).message).toBe(
      'nn:1: ECONNREFUSED',
    );
  });
});
