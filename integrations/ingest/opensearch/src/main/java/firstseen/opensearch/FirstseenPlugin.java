package firstseen.opensearch;

import firstseen.ingest.Cluster;
import firstseen.ingest.Detections;
import firstseen.ingest.Node;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.concurrent.OpenSearchExecutors;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.env.Environment;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.ingest.Processor;
import org.opensearch.plugins.IngestPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.repositories.RepositoriesService;
import org.opensearch.script.ScriptService;
import org.opensearch.threadpool.ExecutorBuilder;
import org.opensearch.threadpool.FixedExecutorBuilder;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;
import org.opensearch.watcher.ResourceWatcherService;

/** The processor {@code firstseen}. */
public final class FirstseenPlugin extends Plugin implements IngestPlugin {
    private static final Logger LOGGER = LogManager.getLogger(FirstseenPlugin.class);

    /** As many documents as their bulk requests may have in the node. */
    private static final int TASKS_MAX = 100_000;

    private static final Node.Log LOG = new Node.Log() {
        @Override
        public void info(String message) {
            LOGGER.info(message);
        }

        @Override
        public void warn(String message) {
            LOGGER.warn(message);
        }
    };

    private final Detections detections = new Detections();

    @Override
    public List<ExecutorBuilder<?>> getExecutorBuilders(Settings settings) {
        return List.of(new FixedExecutorBuilder(settings, FirstseenProcessor.TYPE, workers(settings), TASKS_MAX,
            "thread_pool." + FirstseenProcessor.TYPE));
    }

    private static int workers(Settings settings) {
        return Detections.workers(OpenSearchExecutors.allocatedProcessors(settings));
    }

    @Override
    public Collection<Object> createComponents(
        Client client,
        ClusterService clusterService,
        ThreadPool threadPool,
        ResourceWatcherService resourceWatcherService,
        ScriptService scriptService,
        NamedXContentRegistry xContentRegistry,
        Environment environment,
        NodeEnvironment nodeEnvironment,
        NamedWriteableRegistry namedWriteableRegistry,
        IndexNameExpressionResolver indexNameExpressionResolver,
        Supplier<RepositoriesService> repositoriesService) {
        Settings settings = environment.settings();
        Cluster cluster = new OpenSearchCluster(client, clusterService, threadPool.getThreadContext());
        detections.take(cluster, new Node(
            org.opensearch.node.Node.NODE_NAME_SETTING.get(settings),
            environment.configDir(),
            environment.dataFiles()[0].resolve(FirstseenProcessor.TYPE),
            threadPool.executor(FirstseenProcessor.TYPE),
            threadPool.scheduler(),
            workers(settings),
            LOG));
        return List.of();
    }

    @Override
    public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
        return Map.of(FirstseenProcessor.TYPE, new FirstseenProcessor.Factory(detections, parameters.threadContext));
    }

    @Override
    public void close() {
        detections.close();
    }
}
