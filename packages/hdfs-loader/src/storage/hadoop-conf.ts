import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { LoaderError } from '../errors.js';
import type { Location } from './location.js';
import { DEFAULT_PORTS, type NameNodeAddress } from './name-nodes.js';

/** Properties by name, of core-site.xml and hdfs-site.xml. */
export type HadoopConf = ReadonlyMap<string, string>;

/**
 * Reads core-site.xml and hdfs-site.xml of a folder; one that is not there says nothing.
 *
 * @throws LoaderError INVALID_ARGUMENT, naming the file, when one is no configuration
 */
export function readHadoopConf(dir: string): HadoopConf {
  const conf = new Map<string, string>();
  const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'property' });
  for (const file of ['core-site.xml', 'hdfs-site.xml']) {
    const path = join(dir, file);
    try {
      const text = readFileSync(path, 'utf8');
      // The parser makes something of anything.
      const valid = XMLValidator.validate(text);
      if (valid !== true) throw new Error(`line ${valid.err.line}: ${valid.err.msg}`);
      const parsed = parser.parse(text) as {
        configuration?: { property?: { name?: unknown; value?: unknown }[] } | '';
      };
      if (parsed.configuration === undefined) throw new Error('expected <configuration>');
      for (const { name, value } of parsed.configuration === '' ? [] : (parsed.configuration.property ?? [])) {
        if (typeof name === 'string') conf.set(name.trim(), String(value ?? '').trim());
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw new LoaderError('INVALID_ARGUMENT', `${path}: ${(cause as Error).message}`, { cause });
    }
  }
  return conf;
}

/**
 * The WebHDFS addresses of a location's NameNodes.
 *
 *   hdfs:///path            fs.defaultFS of core-site.xml
 *   hdfs://service/path     dfs.ha.namenodes.service, and dfs.namenode.http-address.service.* of each
 *   hdfs://nn:8020/path     dfs.namenode.http-address of the NameNode that has this dfs.namenode.rpc-address
 *   hdfs://nn[:port]/path   the port of WebHDFS itself, 9870 where none is given; of swebhdfs: 9871
 *
 * @throws LoaderError INVALID_ARGUMENT
 * @see https://hadoop.apache.org/docs/r3.5.0/hadoop-project-dist/hadoop-hdfs/HDFSHighAvailabilityWithQJM.html
 */
export function nameNodeAddresses(
  location: Exclude<Location, { scheme: 'file' }>,
  conf: HadoopConf,
): NameNodeAddress[] {
  const secure = location.scheme === 'swebhdfs' || conf.get('dfs.http.policy') === 'HTTPS_ONLY';
  const protocol = secure ? 'https' : 'http';
  const named = location.nameNodes.length > 0 ? location.nameNodes : [defaultAuthority(conf)];
  return named.flatMap(({ host, port }) => {
    const configured = configuredAddresses({ host, port, protocol }, conf);
    return configured.length > 0 ? configured : [{ protocol, host, port: port === 0 ? DEFAULT_PORTS[protocol] : port }];
  });
}

function defaultAuthority(conf: HadoopConf): { host: string; port: number } {
  const url = conf.get('fs.defaultFS') ?? conf.get('fs.default.name') ?? '';
  const [, host, port = '0'] = /^hdfs:\/\/([^/:,]+)(?::(\d+))?\/?$/.exec(url) ?? [];
  if (host !== undefined) return { host, port: Number(port) };
  const message = `hdfs:///PATH: expected fs.defaultFS in core-site.xml of HADOOP_CONF_DIR, got ${JSON.stringify(url)}; or write hdfs://HOST[:PORT]/PATH`;
  throw new LoaderError('INVALID_ARGUMENT', message);
}

function configuredAddresses(o: NameNodeAddress, conf: HadoopConf): NameNodeAddress[] {
  const { host, port, protocol } = o;
  const http = `dfs.namenode.${protocol}-address`;
  const addressOf = (suffix: string): NameNodeAddress[] => {
    const rpcHost = (conf.get(`dfs.namenode.rpc-address${suffix}`) ?? '').replace(/:\d+$/, '');
    const [, name, given] = /^(.+):(\d+)$/.exec(conf.get(`${http}${suffix}`) ?? '') ?? [];
    if (name === undefined) return rpcHost === '' ? [] : [{ protocol, host: rpcHost, port: DEFAULT_PORTS[protocol] }];
    // 0.0.0.0 is where it listens, not where it is.
    return [{ protocol, host: name === '0.0.0.0' ? rpcHost || host : name, port: Number(given) }];
  };
  const nodes = conf.get(`dfs.ha.namenodes.${host}`);
  if (nodes !== undefined && port === 0) {
    const addresses = nodes.split(',').flatMap((node) => addressOf(`.${host}.${node.trim()}`));
    if (addresses.length > 0) return addresses;
    const message = `hdfs://${host}: expected ${http}.${host}.${nodes.split(',')[0]} in hdfs-site.xml, got none`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  const rpc = `${host}:${port === 0 ? 8020 : port}`;
  for (const [name, value] of conf) {
    if (name.startsWith('dfs.namenode.rpc-address') && value === rpc)
      return addressOf(name.slice('dfs.namenode.rpc-address'.length));
  }
  const isDefault = conf.get('fs.defaultFS')?.replace(/\/$/, '') === `hdfs://${host}${port === 0 ? '' : `:${port}`}`;
  if (!isDefault) return [];
  const addresses = addressOf('');
  // The port of fs.defaultFS is never that of WebHDFS.
  return addresses.length > 0 ? addresses : [{ protocol, host, port: DEFAULT_PORTS[protocol] }];
}
