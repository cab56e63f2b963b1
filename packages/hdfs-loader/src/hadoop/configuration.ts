/** Hadoop's configuration files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Stores } from './certificates.js';
import { type Layout, NAME_SERVICE } from './layout.js';

export type Properties = Readonly<Record<string, string>>;

export interface HdfsSettings {
  /** Copies of each block. Default: as many as DataNodes, at most 3. */
  readonly replication?: number | undefined;
  /** Bytes of a block. Default 128 MiB. */
  readonly blockSize?: number | undefined;
  /** Whole seconds between two heartbeats of a DataNode. Default 3. */
  readonly heartbeatSeconds?: number | undefined;
  /**
   * How often the NameNode looks for dead DataNodes: one is declared dead after twice this and ten heartbeats. Default 5 min, so 10.5 min.
   */
  readonly recheckMs?: number | undefined;
  /** Whether permissions are checked; the user of this process may do everything anyway. Default true. */
  readonly permissions?: boolean | undefined;
  /** Further properties of hdfs-site.xml and core-site.xml; they win. */
  readonly properties?: Properties | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);

/** Properties as a Hadoop configuration file. */
export function configurationXml(properties: Properties): string {
  const rows = Object.entries(properties).map(
    ([name, value]) => `  <property><name>${escapeXml(name)}</name><value>${escapeXml(value)}</value></property>`,
  );
  return `<?xml version="1.0"?>\n<configuration>\n${rows.join('\n')}\n</configuration>\n`;
}

const url = (path: string): string => pathToFileURL(path).href;

/** fs.defaultFS: what Hadoop's own tools call this file system. */
export function defaultFs({ nameNodes }: Layout): string {
  const [first] = nameNodes;
  return nameNodes.length > 1 ? `hdfs://${NAME_SERVICE}` : `hdfs://${first?.host}:${first?.rpcPort}`;
}

export function coreSite(layout: Layout): Properties {
  return {
    'fs.defaultFS': defaultFs(layout),
    'hadoop.tmp.dir': join(layout.dir, 'tmp'),
    // A DataNode that is up before its NameNode asks again soon.
    'ipc.client.connect.retry.interval': '100',
    'ipc.client.connect.max.retries': '600',
    'hadoop.security.groups.cache.background.reload': 'true',
  };
}

export function hdfsSite(layout: Layout, o: HdfsSettings = {}): Properties {
  const dataNodes = layout.dataNodes.length;
  return {
    'dfs.replication': String(o.replication ?? Math.min(3, dataNodes)),
    'dfs.blocksize': String(o.blockSize ?? 128 * 2 ** 20),
    'dfs.namenode.fs-limits.min-block-size': '1024',
    'dfs.permissions.enabled': String(o.permissions ?? true),
    // Several DataNodes of one address are one machine to the NameNode otherwise.
    'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
    'dfs.heartbeat.interval': String(o.heartbeatSeconds ?? 3),
    'dfs.namenode.heartbeat.recheck-interval': String(o.recheckMs ?? 300_000),
    // All DataNodes are on this machine: when their blocks are known nothing else is worth waiting for.
    'dfs.namenode.safemode.extension': '0',
    // A writer of few DataNodes goes on with those that are left.
    'dfs.client.block.write.replace-datanode-on-failure.enable': 'false',
    'dfs.webhdfs.user.provider.user.pattern': '^[A-Za-z0-9_.-]+[$]?$',
    ...nameNodeProperties(layout),
    ...(layout.https ? { 'dfs.http.policy': 'HTTPS_ONLY' } : {}),
  };
}

function nameNodeProperties(layout: Layout): Properties {
  const { nameNodes, https, dir } = layout;
  const http = https ? 'dfs.namenode.https-address' : 'dfs.namenode.http-address';
  const paired = nameNodes.length > 1;
  const each = nameNodes.flatMap(({ id, host, httpPort, rpcPort, nameDir }) => {
    const suffix = paired ? `.${NAME_SERVICE}.${id}` : '';
    return [
      [`${http}${suffix}`, `${host}:${httpPort}`],
      [`dfs.namenode.rpc-address${suffix}`, `${host}:${rpcPort}`],
      [`dfs.namenode.name.dir${suffix}`, url(nameDir)],
    ];
  });
  const properties = Object.fromEntries(each) as Properties;
  if (!paired) return properties;
  return {
    ...properties,
    'dfs.nameservices': NAME_SERVICE,
    [`dfs.ha.namenodes.${NAME_SERVICE}`]: nameNodes.map(({ id }) => id).join(','),
    [`dfs.client.failover.proxy.provider.${NAME_SERVICE}`]:
      'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider',
    'dfs.namenode.shared.edits.dir': url(join(dir, 'shared')),
    'dfs.ha.fencing.methods': 'shell(/bin/true)',
    'dfs.ha.tail-edits.period': '1',
    'dfs.ha.log-roll.period': '5',
  };
}

/** What only one DataNode has: said on its command line. It transfers on any free port; its HTTP port is planned. */
export function dataNodeProperties(layout: Layout, i: number): Properties {
  const node = layout.dataNodes[i];
  if (!node) return {};
  return {
    'dfs.datanode.hostname': node.host,
    'dfs.datanode.data.dir': url(node.dataDir),
    // The NameNode tells clients the address that the DataNode calls from.
    'dfs.datanode.address': `${transferHost(node.host)}:0`,
    'dfs.datanode.ipc.address': `${transferHost(node.host)}:0`,
    [layout.https ? 'dfs.datanode.https.address' : 'dfs.datanode.http.address']: `${node.host}:${node.httpPort}`,
  };
}

/** From any 127.x.y.z a connection to 127.0.0.1 comes from 127.0.0.1. */
const transferHost = (host: string): string => (/^(127\.|localhost$)/.test(host) ? '127.0.0.1' : '0.0.0.0');

/** To the daemon's log file, of which there are at most 4 × 16 MiB; tools log to standard error what is worth a warning. */
const LOG4J = `log4j.rootLogger=\${hadoop.root.logger}
hadoop.root.logger=WARN,console
hadoop.log.file=/dev/null
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n
log4j.appender.file=org.apache.log4j.RollingFileAppender
log4j.appender.file.File=\${hadoop.log.file}
log4j.appender.file.MaxFileSize=16MB
log4j.appender.file.MaxBackupIndex=3
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
`;

function sslProperties(side: 'server' | 'client', { keyStore, trustStore, password }: Stores): Properties {
  const of = (which: 'keystore' | 'truststore', path: string): [string, string][] => [
    [`ssl.${side}.${which}.location`, path],
    [`ssl.${side}.${which}.password`, password],
    [`ssl.${side}.${which}.type`, 'pkcs12'],
  ];
  return Object.fromEntries([
    ...of('keystore', keyStore),
    ...of('truststore', trustStore),
    [`ssl.${side}.keystore.keypassword`, password],
  ]) as Properties;
}

/** Writes a configuration folder. Hadoop's jar has no web pages, and its daemons want a folder for them. */
export async function writeConfiguration(
  layout: Layout,
  o: HdfsSettings & { stores?: Stores | undefined },
): Promise<void> {
  const { confDir } = layout;
  const write = (name: string, text: string) => writeFile(join(confDir, name), text);
  for (const page of ['hdfs', 'datanode']) {
    const dir = join(confDir, 'webapps', page, 'WEB-INF');
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'web.xml'), '<web-app/>\n');
  }
  await mkdir(layout.logDir, { recursive: true });
  await write('core-site.xml', configurationXml({ ...coreSite(layout), ...o.properties }));
  await write('hdfs-site.xml', configurationXml({ ...hdfsSite(layout, o), ...o.properties }));
  await write('log4j.properties', LOG4J);
  if (o.stores === undefined) return;
  await write('ssl-server.xml', configurationXml(sslProperties('server', o.stores)));
  await write('ssl-client.xml', configurationXml(sslProperties('client', o.stores)));
}
