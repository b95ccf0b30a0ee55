package firstseen.elasticsearch;

import firstseen.ingest.Detection;
import firstseen.ingest.Detections;
import firstseen.ingest.Options;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.elasticsearch.cluster.metadata.ProjectId;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.ingest.AbstractProcessor;
import org.elasticsearch.ingest.CompoundProcessor;
import org.elasticsearch.ingest.ConfigurationUtils;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.ingest.Processor;

/** Has documents judged, and goes on with each when it is. */
final class FirstseenProcessor extends AbstractProcessor {
    static final String TYPE = "firstseen";

    private final Detection detection;
    private final Set<String> own;
    private final ThreadContext context;

    private FirstseenProcessor(
        String tag, String description, Detection detection, Set<String> own, ThreadContext context) {
        super(tag, description);
        this.detection = detection;
        this.own = own;
        this.context = context;
    }

    @Override
    public String getType() {
        return TYPE;
    }

    @Override
    public boolean isAsync() {
        return true;
    }

    @Override
    public void execute(IngestDocument document, BiConsumer<IngestDocument, Exception> handler) {
        // What detection itself writes is nothing to be judged.
        if (own.contains(document.getMetadata().getIndex())) {
            handler.accept(document, null);
        } else {
            detection.submit(List.of(new DocumentEvent(document, handler, context.newRestorableContext(true))));
        }
    }

    /** Makes processors, in the thread that applies the cluster's state: it loads nothing. */
    static final class Factory implements Processor.Factory {
        private final Detections detections;
        private final ThreadContext context;

        Factory(Detections detections, ThreadContext context) {
            this.detections = detections;
            this.context = context;
        }

        @Override
        public Processor create(
            Map<String, Processor.Factory> factories,
            String tag,
            String description,
            Map<String, Object> config,
            ProjectId project) {
            Options options;
            try {
                options = Options.take(config);
            } catch (IllegalArgumentException error) {
                throw ConfigurationUtils.newConfigurationException(TYPE, tag, null, error.getMessage());
            }
            Detection detection = detections.get(options);
            Processor processor =
                new FirstseenProcessor(tag, description, detection, Set.of(options.stateIndex(), options.alertsIndex()), context);
            // A document passes whatever goes wrong, and the failure is counted.
            return new CompoundProcessor(true, List.of(processor), List.of());
        }
    }
}
