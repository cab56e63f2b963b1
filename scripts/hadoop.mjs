/**
 * `npm run setup -- --hadoop`: Java by apt-get, where there is none and that is allowed, Hadoop's jars, and an archive of its classes, with
 * which it starts in half the time. For `cluster hdfs` and the tests on Hadoop, which are skipped without. Idempotent.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { installsPackages } from './addon.mjs';

const PACKAGE = 'openjdk-17-jre-headless';
/** Between two lines of progress. */
const LINE_MS = 5_000;

/**
 * Without Java nothing fails: a line says what is missing, and how to have it.
 *
 * @param {(line: string) => void} say
 * @throws Error with one line, when the jars cannot be had
 */
export async function setUpHadoop(say) {
  // Built by now.
  const { dataHome } = await import('../packages/hdfs-loader/dist/index.js');
  const hadoop = await import('../packages/hdfs-loader/dist/hadoop/index.js');
  const { env } = process;
  const find = () => hadoop.findJava({ javaHome: env.JAVA_HOME, searchPath: env.PATH });
  const orNothing = () => find().catch(() => null);
  if (!(await orNothing())) installsPackages([PACKAGE], 'Hadoop', say);
  let java;
  try {
    java = await find();
  } catch (error) {
    say(`Hadoop is not set up: ${error.message}`);
    return;
  }
  const timed = async (what, work) => {
    const started = performance.now();
    say(`${what} …`);
    const result = await work();
    say(`${what}: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return result;
  };
  let jarsDir = hadoop.jarsDir(dataHome(env));
  if ((await hadoop.missingJars(jarsDir)).length > 0) {
    let nextMs = 0;
    jarsDir = await timed(`Hadoop ${hadoop.HADOOP_VERSION}'s jars`, () =>
      hadoop.fetchJars({
        dataHome: dataHome(env),
        repository: env.WEFT_MAVEN_REPOSITORY,
        localRepositories: [join(homedir(), '.m2', 'repository')],
        onProgress: (done, total) => {
          if (performance.now() < nextMs) return;
          nextMs = performance.now() + LINE_MS;
          say(`Hadoop's jars: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`);
        },
      }),
    );
  }
  if (await hadoop.findClassArchive({ java, jarsDir })) return;
  try {
    await timed("archive of Hadoop's classes", () => hadoop.makeClassArchive({ java, jarsDir }));
  } catch (error) {
    say(`Hadoop will start more slowly: ${error.message}`);
  }
}
