import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LoaderError } from '../errors.js';
import type { Storage } from './storage.js';

/** An address of a name, port 0 where none was given. */
interface Authority {
  readonly host: string;
  readonly port: number;
}

/** Where something lies, taken apart. */
export type Location =
  | { readonly scheme: 'file'; readonly path: string }
  | {
      /** hdfs and webhdfs are the same here, WebHDFS over HTTP; swebhdfs is WebHDFS over HTTPS. */
      readonly scheme: 'hdfs' | 'webhdfs' | 'swebhdfs';
      /** One NameNode, several of which one is active, or one logical name of hdfs-site.xml; empty: that of core-site.xml. */
      readonly nameNodes: readonly Authority[];
      readonly path: string;
    };

/**
 * Takes apart a path or URL. A path that is no URL is a path of this machine, relative to the working directory. In hdfs:
 * URLs every character of the path stands for itself: nothing is percent-encoded, as in `hdfs dfs`.
 *
 *   location  = path | "file:" path | "file://" path | scheme "://" [ namenode *( "," namenode ) ] path
 *   scheme    = "hdfs" | "webhdfs" | "swebhdfs"
 *   namenode  = host [ ":" port ]
 *
 * @throws LoaderError INVALID_ARGUMENT
 * @example parseLocation('hdfs://nn1:9870,nn2:9870/data/fashion-mnist')
 */
export function parseLocation(text: string): Location {
  const refuse = (what: string) => new LoaderError('INVALID_ARGUMENT', `${JSON.stringify(text)}: ${what}`);
  if (text === '' || text.includes('\0')) throw refuse('expected a path, or hdfs://HOST[:PORT]/PATH');
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case '':
      return { scheme: 'file', path: resolve(text) };
    case 'file':
      if (!rest.startsWith('//')) return { scheme: 'file', path: resolve(rest) };
      try {
        return { scheme: 'file', path: fileURLToPath(text) };
      } catch {
        throw refuse('expected file:///PATH');
      }
    case 'hdfs':
    case 'webhdfs':
    case 'swebhdfs': {
      const [, authority = '', path = '/'] = /^\/\/([^/]*)(\/.*)?$/s.exec(rest) ?? [];
      if (!rest.startsWith('//')) throw refuse(`expected ${scheme}://HOST[:PORT]/PATH`);
      const nameNodes = authority === '' ? [] : authority.split(',').map((part) => parseAuthority(part, refuse));
      return { scheme: scheme.toLowerCase() as 'hdfs', nameNodes, path: normalizedPath(path) };
    }
    default:
      // One letter is a drive of Windows, and never gets here.
      throw refuse(`expected a path, file:, hdfs:, webhdfs: or swebhdfs:, got ${scheme}:`);
  }
}

function parseAuthority(part: string, refuse: (what: string) => LoaderError): Authority {
  const [, v6, host = v6 ?? '', port = '0'] =
    /^(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(part) ?? [];
  if (host === '' || Number(port) > 65535) throw refuse(`expected HOST[:PORT], got ${JSON.stringify(part)}`);
  return { host, port: Number(port) };
}

/** A path within a storage as `parseLocation` takes it, and as messages show it: of this machine the path, else the URL. */
export function locationIn({ root }: Pick<Storage, 'root'>, path: string): string {
  return root === 'file:' ? path : root + path;
}

/**
 * A path of HDFS, which has no `.` and `..` of its own; empty parts mean nothing.
 *
 * @throws LoaderError INVALID_ARGUMENT
 * @example normalizedPath('//a/b/') // '/a/b'
 */
export function normalizedPath(path: string): string {
  const refuse = (what: string) => new LoaderError('INVALID_ARGUMENT', `${JSON.stringify(path)}: expected ${what}`);
  if (!path.startsWith('/')) throw refuse('an absolute path');
  // Half a surrogate pair has no UTF-8.
  if (/\p{Surrogate}/u.test(path) || path.includes('\0')) throw refuse('a path of Unicode characters');
  const parts = path.split('/').filter((part) => part !== '');
  const dots = parts.find((part) => part === '.' || part === '..');
  if (dots !== undefined) throw refuse(`a path without ${JSON.stringify(dots)}`);
  return `/${parts.join('/')}`;
}
