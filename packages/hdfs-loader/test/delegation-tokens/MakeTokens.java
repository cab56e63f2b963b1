import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.util.Base64;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.security.Credentials;
import org.apache.hadoop.security.token.Token;
import org.apache.hadoop.security.token.TokenIdentifier;

/** Makes tokens.json with Hadoop's own classes: java -cp 'HADOOP/lib/*' MakeTokens.java > tokens.json */
public class MakeTokens {
  static Token<TokenIdentifier> token(int identifierBytes, String kind, String service) {
    byte[] identifier = new byte[identifierBytes];
    for (int i = 0; i < identifierBytes; i++) identifier[i] = (byte) (i * 7 + 1);
    byte[] password = new byte[20];
    for (int i = 0; i < 20; i++) password[i] = (byte) (255 - i);
    return new Token<>(identifier, password, new Text(kind), new Text(service));
  }

  static String file(Credentials credentials, Credentials.SerializedFormat format) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    credentials.writeTokenStorageToStream(new DataOutputStream(bytes), format);
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  static String both(String name, Credentials credentials) throws Exception {
    return String.format(
        "  \"%s\": [\n    \"%s\",\n    \"%s\"\n  ]",
        name,
        file(credentials, Credentials.SerializedFormat.WRITABLE),
        file(credentials, Credentials.SerializedFormat.PROTOBUF));
  }

  public static void main(String[] args) throws Exception {
    Token<?> pair = token(40, "HDFS_DELEGATION_TOKEN", "ha-hdfs:ns");
    // More than 127 bytes, whose length takes two bytes.
    Token<?> single = token(130, "HDFS_DELEGATION_TOKEN", "10.0.0.1:8020");
    Token<?> yarn = token(3, "RM_DELEGATION_TOKEN", "rm:8032");
    Credentials one = new Credentials();
    one.addToken(new Text("ha-hdfs:ns"), pair);
    Credentials many = new Credentials(one);
    many.addToken(new Text("second"), single);
    many.addToken(new Text("yarn"), yarn);
    many.addSecretKey(new Text("key"), new byte[] {1, 2, 3});
    Credentials none = new Credentials();
    none.addToken(new Text("yarn"), yarn);
    System.out.println("{");
    System.out.printf("  \"pair\": \"%s\",\n  \"single\": \"%s\",\n", pair.encodeToUrlString(), single.encodeToUrlString());
    System.out.println(both("one", one) + ",\n" + both("many", many) + ",\n" + both("none", none));
    System.out.println("}");
  }
}
