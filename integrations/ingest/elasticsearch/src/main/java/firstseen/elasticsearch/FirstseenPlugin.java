package firstseen.elasticsearch;

import firstseen.ingest.Cluster;
import firstseen.ingest.Detections;
import firstseen.ingest.Node;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.plugins.IngestPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.threadpool.ExecutorBuilder;
import org.elasticsearch.threadpool.FixedExecutorBuilder;

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
            "thread_pool." + FirstseenProcessor.TYPE, EsExecutors.TaskTrackingConfig.DO_NOT_TRACK));
    }

    private static int workers(Settings settings) {
        return Detections.workers(EsExecutors.allocatedProcessors(settings));
    }

    @Override
    public Collection<?> createComponents(PluginServices services) {
        Settings settings = services.environment().settings();
        Cluster cluster = new ElasticsearchCluster(
            services.client(), services.clusterService(), services.threadPool().getThreadContext());
        detections.take(cluster, new Node(
            org.elasticsearch.node.Node.NODE_NAME_SETTING.get(settings),
            services.environment().configDir(),
            services.environment().dataDirs()[0].resolve(FirstseenProcessor.TYPE),
            services.threadPool().executor(FirstseenProcessor.TYPE),
            services.threadPool().scheduler(),
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
