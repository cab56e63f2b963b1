// The Java client beside weft: reads files whole, in one JVM that is warm. Standard input has a line a run: scheme and repeats; each run answers one line of milliseconds.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

public class HdfsPeer {
  /** Reads all files, one after the other, as `hdfs dfs -cat` does. */
  static long read(FileSystem fs, Path[] files, byte[] buffer) throws Exception {
    long bytes = 0;
    for (Path file : files) {
      try (FSDataInputStream in = fs.open(file)) {
        for (int n; (n = in.read(buffer)) >= 0; ) bytes += n;
      }
    }
    return bytes;
  }

  public static void main(String[] args) throws Exception {
    // args: hdfs://… webhdfs://… /file …
    Configuration conf = new Configuration();
    FileSystem[] systems = { FileSystem.get(URI.create(args[0]), conf), FileSystem.get(URI.create(args[1]), conf) };
    Path[] files = new Path[args.length - 2];
    for (int i = 2; i < args.length; i++) files[i - 2] = new Path(args[i]);
    byte[] buffer = new byte[4 << 20];
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      FileSystem fs = systems[line.equals("webhdfs") ? 1 : 0];
      long start = System.nanoTime();
      long bytes = read(fs, files, buffer);
      System.out.println(bytes + " " + (System.nanoTime() - start) / 1e6);
      System.out.flush();
    }
  }
}
