import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.opensearch.Version;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.PluginInfo;

/**
 * One node of OpenSearch on loopback, until SIGTERM: TestNode CONFIG HOME PORT
 * [SETTING=VALUE...]. It says "READY URL" once it answers.
 */
final class TestNode extends Node {
    private static final String NAME = "test";

    /** Modules of the distribution, from the class path. */
    private static final List<String> PLUGINS = List.of(
        "org.opensearch.transport.Netty4ModulePlugin",
        "org.opensearch.painless.PainlessModulePlugin");

    private TestNode(Environment environment) {
        super(environment, PLUGINS.stream().map(TestNode::plugin).toList(), false);
    }

    public static void main(String[] args) throws Exception {
        // Before logging takes it over.
        PrintStream stdout = System.out;
        Path config = Path.of(args[0]).toAbsolutePath();
        Path home = Path.of(args[1]).toAbsolutePath();
        Environment environment = environment(config, home, args);

        TestNode node = new TestNode(environment);
        Runtime.getRuntime().addShutdownHook(new Thread(node::end));
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
            .put("http.port", args[2])
            // Writes the address to logs/http.ports.
            .put("node.portsfile", true)
            // A disk that is nearly full is no matter of the tests.
            .put("cluster.routing.allocation.disk.threshold_enabled", false);
        for (int i = 3; i < args.length; i++) {
            String[] setting = args[i].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        LogConfigurator.registerErrorListener();
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), config, () -> NAME);
        LogConfigurator.configure(environment);
        return environment;
    }

    private static PluginInfo plugin(String name) {
        return new PluginInfo(
            name, "", Version.CURRENT.toString(), Version.CURRENT, "21", name, List.of(), false);
    }

    private void end() {
        try {
            close();
            awaitClose(20, TimeUnit.SECONDS);
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
