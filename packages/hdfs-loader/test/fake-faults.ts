/** What may go wrong with one request to the fake WebHDFS, each as what really comes over the wire. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HadoopError } from './fake-file-tree.js';

/** A request that has come, and the ways to answer it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Does what was asked, and answers. */
  readonly serve: () => Promise<void>;
  /** Does what was asked, and keeps the answer. */
  readonly carryOut: () => Promise<void>;
  /** The bytes that a whole answer to OPEN would have. */
  readonly content: () => Buffer;
}

export type Fault = (exchange: Exchange) => void | Promise<void>;

export const refuse =
  (status: number, exception: string, message: string): Fault =>
  ({ response }) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(new HadoopError(status, exception, message).json);
  };

export const standby = refuse(403, 'StandbyException', 'Operation category READ is not supported in state standby');
export const safeMode = refuse(403, 'SafeModeException', 'Cannot create file /x. Name node is in safe mode.');
/** HttpFS says it so. */
export const safeModeOfGateway = refuse(500, 'SafeModeException', 'Cannot create file /x. Name node is in safe mode.');
export const starting = refuse(403, 'RetriableException', 'NameNode still not started');
export const noDataNode = refuse(
  403,
  'IOException',
  'Failed to find datanode, suggest to check cluster health. excludeDatanodes=null',
);
export const noReplica = refuse(403, 'IOException', 'No active and not excluded nodes contain block blk_1');
export const denied = refuse(
  403,
  'AccessControlException',
  'Permission denied: user=eve, access=WRITE, inode="/":hdfs:supergroup:drwxr-xr-x',
);
export const quota = refuse(
  403,
  'DSQuotaExceededException',
  'The DiskSpace quota of /q is exceeded: quota = 1048576 B = 1 MB but diskspace consumed = 2097152 B = 2 MB',
);

export const page =
  (status: number, html: string): Fault =>
  ({ response }) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end(html);
  };

export const busy = page(
  503,
  '<html>\r\n<head><title>503 Service Unavailable</title></head>\r\n<body><h1>Busy</h1></body></html>',
);
export const unauthorized = page(401, '<html><head><title>Error 401 Authentication required</title></head></html>');

/** The connection is reset with no word. */
export const reset: Fault = ({ request }) => {
  request.socket.resetAndDestroy();
};

/** The connection is closed in order, as a server does with one that it has kept too long. */
export const closed: Fault = ({ request }) => {
  request.socket.destroy();
};

/** Nothing, for ever. */
export const silent: Fault = () => {};

/** 200, the length, some bytes, and the connection's end. */
export const cutAfter =
  (bytes: number): Fault =>
  ({ response, content }) => {
    const whole = content();
    response.writeHead(200, { 'content-length': whole.length });
    response.write(whole.subarray(0, bytes), () => response.socket?.destroySoon());
    if (bytes === 0) {
      response.flushHeaders();
      response.socket?.destroySoon();
    }
  };

/** 200, the length, some bytes, and then nothing, for ever. */
export const stallAfter =
  (bytes: number): Fault =>
  ({ response, content }) => {
    const whole = content();
    response.writeHead(200, { 'content-length': whole.length });
    response.flushHeaders();
    if (bytes > 0) response.write(whole.subarray(0, bytes));
  };

/** 200 with that many bytes more, or less, than was asked for. */
export const offBy =
  (bytes: number, o: { chunked?: boolean } = {}): Fault =>
  ({ response, content }) => {
    const body = Buffer.concat([content(), Buffer.alloc(Math.max(0, bytes))]);
    const part = body.subarray(0, content().length + bytes);
    response.writeHead(200, o.chunked ? {} : { 'content-length': part.length });
    if (o.chunked) response.write(part.subarray(0, 10));
    response.end(part.subarray(o.chunked ? 10 : 0));
  };

export const redirectTo =
  (url: string): Fault =>
  ({ response }) => {
    response.writeHead(307, { location: url, 'content-length': 0 });
    response.end();
  };

export const answer =
  (body: string): Fault =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(body);
  };

/** It is done, and the connection ends before the answer. */
export const answerLost: Fault = async ({ request, carryOut }) => {
  await carryOut();
  request.socket.destroy();
};
