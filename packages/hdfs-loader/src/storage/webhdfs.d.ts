/** What we use of the npm package webhdfs 1.2.0, which has no types. Each call returns the request's own emitter. */
declare module 'webhdfs' {
  import type { EventEmitter } from 'node:events';

  interface Request extends EventEmitter {
    abort(): void;
  }
  interface Client {
    stat(path: string, callback: (error: Error | null, status?: unknown) => void): Request;
    mkdir(path: string, mode: string, callback: (error: Error | null) => void): Request;
    unlink(path: string, recursive: boolean, callback: (error: Error | null) => void): Request;
  }
  const webhdfs: {
    createClient(
      options: { user?: string; protocol: string; host: string; port: number; path: string },
      requestOptions: Record<string, unknown>,
    ): Client;
  };
  export default webhdfs;
}
