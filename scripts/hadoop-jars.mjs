/**
 * `node scripts/hadoop-jars.mjs`: writes packages/hdfs-loader/src/hadoop/jar-list.ts, the jars that Hadoop's daemons run on, as Maven resolves
 * them. For a new version of Hadoop; needs mvn. Users fetch what the list says, without Maven.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { ROOT } from './pnpm.mjs';

const VERSION = '3.5.0';
const ARTIFACTS = ['hadoop-common', 'hadoop-hdfs', 'hadoop-hdfs-client'];
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const TARGET = join(ROOT, 'packages/hdfs-loader/src/hadoop/jar-list.ts');

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weft</groupId><artifactId>hadoop</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
${ARTIFACTS.map((name) => `    <dependency><groupId>org.apache.hadoop</groupId><artifactId>${name}</artifactId><version>${VERSION}</version></dependency>`).join('\n')}
  </dependencies>
</project>
`;

/** The jars in the layout of a Maven repository, without its descriptions. */
function jars(dir) {
  return readdirSync(dir, { recursive: true })
    .filter((name) => name.endsWith('.jar'))
    .map((name) => {
      const bytes = readFileSync(join(dir, name));
      const path = relative(dir, join(dir, name)).split(sep).join('/');
      return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const dir = mkdtempSync(join(tmpdir(), 'weft-jars-'));
try {
  writeFileSync(join(dir, 'pom.xml'), POM);
  const lib = join(dir, 'lib');
  const words = ['-B', '-q', PLUGIN, `-DoutputDirectory=${lib}`, '-DincludeScope=runtime'];
  const { status } = spawnSync('mvn', [...words, '-Dmdep.useRepositoryLayout=true'], { cwd: dir, stdio: 'inherit' });
  if (status !== 0) throw new Error(`mvn: exit status ${status}`);
  const list = jars(lib);
  const rows = list.map((jar) => `${jar.path} ${jar.bytes} ${jar.sha256}`).join('\n');
  writeFileSync(
    TARGET,
    `/** The jars that the daemons of HDFS run on. Made by scripts/hadoop-jars.mjs. */

/** The version of Hadoop. */
export const HADOOP_VERSION = '${VERSION}';

/** A jar a line: its path in a Maven repository, bytes, SHA-256. */
export const JAR_LIST = \`
${rows}
\`;
`,
  );
  process.stdout.write(`${list.length} jars, ${list.reduce((sum, jar) => sum + jar.bytes, 0)} bytes\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
