// SPDX-License-Identifier: Apache-2.0

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Answers the daemon's requests as an API server would, as far as it takes to record what code the
 * daemon runs. Listens on 127.0.0.1:6443; its directory is a service account's, with a key store
 * beside.
 */
final class ApiDouble {

  private static final int NODES = 2_100; // enough for the peers' nexthop objects

  private ApiDouble() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    char[] password = "changeit".toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(directory.resolve("keys"))) {
      store.load(in, password);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, password);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 6443), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", ApiDouble::answer);
    server.start();
    new CountDownLatch(1).await();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = exchange.getResponseBody();
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    if (query.contains("watch=true")) {
      out.write(("{\"type\":\"MODIFIED\",\"object\":" + node(2) + "}\n").getBytes(UTF_8));
      out.flush();
      return; // it stays open
    }
    if (exchange.getRequestURI().getPath().endsWith("/nodes")) {
      out.write(list().getBytes(UTF_8));
    } else {
      out.write(node(1).getBytes(UTF_8));
    }
    exchange.close();
  }

  private static String list() {
    return IntStream.rangeClosed(1, NODES)
        .mapToObj(ApiDouble::node)
        .collect(
            Collectors.joining(
                ",",
                "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[",
                "]}"));
  }

  private static String node(int number) {
    return """
        {"kind":"Node","apiVersion":"v1","metadata":{"name":"node%1$d","uid":"u%1$d",
        "resourceVersion":"9","creationTimestamp":"2026-01-01T00:00:00Z","annotations":{
        "flannel.alpha.coreos.com/kube-subnet-manager":"true",
        "flannel.alpha.coreos.com/backend-type":"vxlan",
        "flannel.alpha.coreos.com/public-ip":"198.18.%2$d.%3$d",
        "flannel.alpha.coreos.com/backend-data":
        "{\\"VNI\\":1,\\"VtepMAC\\":\\"02:00:00:00:%2$02x:%3$02x\\"}"}},
        "spec":{"podCIDR":"10.%4$d.%3$d.0/24","podCIDRs":["10.%4$d.%3$d.0/24"]},
        "status":{"conditions":[]}}
        """
        .formatted(number, number / 256, number % 256, 128 + number / 256)
        .replace("\n", "");
  }
}
