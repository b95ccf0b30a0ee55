import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One node of Elasticsearch on loopback, until SIGTERM: TestNode MODULES CONFIG
 * HOME PORT [SETTING=VALUE...]. It says "READY URL" once it answers.
 */
final class TestNode {
    private static final String NAME = "test";

    public static void main(String[] args) throws Exception {
        // Before logging takes it over.
        PrintStream stdout = System.out;
        Path config = Path.of(args[1]).toAbsolutePath();
        Path home = Path.of(args[2]).toAbsolutePath();
        Environment environment = environment(config, home, args);

        Node node = new Node(environment, plugins(Path.of(args[0]).toAbsolutePath()));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        String address = Files.readString(home.resolve("logs/http.ports")).lines().findFirst().orElseThrow();
        stdout.println("READY http://" + address);
        // The shutdown hook ends it.
        Thread.currentThread().join();
    }

    private static Environment environment(Path config, Path home, String[] args) throws Exception {
        Files.createDirectories(home.resolve("logs"));
        Settings.Builder settings = Settings.builder()
            .put("cluster.name", NAME)
            .put("node.name", NAME)
            .put("discovery.type", "single-node")
            .put("path.home", home)
            .put("path.data", home.resolve("data"))
            .put("path.logs", home.resolve("logs"))
            .put("network.host", "127.0.0.1")
            .put("transport.type", "netty4")
            .put("transport.port", "0")
            .put("http.type", "netty4")
            .put("http.port", args[3])
            // Writes the address to logs/http.ports.
            .put("node.portsfile", true)
            // A disk that is nearly full is no matter of the tests.
            .put("cluster.routing.allocation.disk.threshold_enabled", false);
        for (int i = 4; i < args.length; i++) {
            String[] setting = args[i].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        LogConfigurator.configureESLogging();
        LogConfigurator.setNodeName(NAME);
        LogConfigurator.registerErrorListener();
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), config, () -> NAME);
        LogConfigurator.configure(environment, true);
        return environment;
    }

    private static PluginsLoader plugins(Path modules) {
        return PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(modules, false), Set.of(), Map.of(), false);
    }

    private static void close(Node node) {
        try {
            node.close();
            node.awaitClose(20, TimeUnit.SECONDS);
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
