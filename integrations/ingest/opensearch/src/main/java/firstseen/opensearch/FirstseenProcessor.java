package firstseen.opensearch;

import firstseen.ingest.Detection;
import firstseen.ingest.Detections;
import firstseen.ingest.Event;
import firstseen.ingest.Options;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.ingest.AbstractBatchingProcessor;
import org.opensearch.ingest.CompoundProcessor;
import org.opensearch.ingest.ConfigurationUtils;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.IngestDocumentWrapper;
import org.opensearch.ingest.Processor;

/** Has documents judged, and goes on with them when they are. */
final class FirstseenProcessor extends AbstractBatchingProcessor {
    static final String TYPE = "firstseen";

    /** Where a pipeline says nothing: one, the server's own, would make each document wait for itself. */
    private static final int BATCH_SIZE = 512;

    private final Detection detection;
    private final Set<String> own;
    private final ThreadContext context;

    private FirstseenProcessor(
        String tag, String description, int batchSize, Detection detection, Set<String> own, ThreadContext context) {
        super(tag, description, batchSize);
        this.detection = detection;
        this.own = own;
        this.context = context;
    }

    @Override
    public String getType() {
        return TYPE;
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        throw new UnsupportedOperationException("documents are judged without waiting for them");
    }

    @Override
    public void execute(IngestDocument document, BiConsumer<IngestDocument, Exception> handler) {
        if (isOwn(document)) {
            handler.accept(document, null);
            return;
        }
        Supplier<ThreadContext.StoredContext> request = context.newRestorableContext(true);
        detection.submit(List.of(new DocumentEvent(document, error -> {
            try (ThreadContext.StoredContext ours = request.get()) {
                handler.accept(error == null ? document : null, error);
            }
        })));
    }

    @Override
    protected void subBatchExecute(
        List<IngestDocumentWrapper> documents, Consumer<List<IngestDocumentWrapper>> handler) {
        Supplier<ThreadContext.StoredContext> request = context.newRestorableContext(true);
        List<Event> events = new ArrayList<>();
        AtomicInteger open = new AtomicInteger();
        for (IngestDocumentWrapper document : documents) {
            if (document.getException() == null && !isOwn(document.getIngestDocument())) {
                events.add(new DocumentEvent(document.getIngestDocument(), error -> {
                    if (error != null) {
                        document.update(document.getIngestDocument(), error);
                    }
                    if (open.decrementAndGet() == 0) {
                        try (ThreadContext.StoredContext ours = request.get()) {
                            handler.accept(documents);
                        }
                    }
                }));
            }
        }
        if (events.isEmpty()) {
            handler.accept(documents);
        } else {
            open.set(events.size());
            detection.submit(events);
        }
    }

    /** Has documents pass whatever goes wrong, once that is counted. The server's own does so for single ones only. */
    private static final class Passing extends CompoundProcessor {
        Passing(Processor processor) {
            super(true, List.of(processor), List.of());
        }

        @Override
        public void batchExecute(
            List<IngestDocumentWrapper> documents, Consumer<List<IngestDocumentWrapper>> handler) {
            Map<Place, IngestDocument> well = new HashMap<>();
            documents.stream()
                .filter(document -> document.getException() == null)
                .forEach(document -> well.put(Place.of(document), document.getIngestDocument()));
            super.batchExecute(documents, results -> {
                for (IngestDocumentWrapper result : results) {
                    if (result.getException() != null && well.containsKey(Place.of(result))) {
                        result.update(well.get(Place.of(result)), null);
                    }
                }
                handler.accept(results);
            });
        }

        /** Which document of a request it is. */
        private record Place(int slot, int childSlot) {
            static Place of(IngestDocumentWrapper document) {
                return new Place(document.getSlot(), document.getChildSlot());
            }
        }
    }

    /** Whether detection itself writes it: then it is nothing to be judged. */
    private boolean isOwn(IngestDocument document) {
        return own.contains(DocumentEvent.index(document));
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
            Map<String, Processor.Factory> factories, String tag, String description, Map<String, Object> config)
            throws Exception {
            config.putIfAbsent(BATCH_SIZE_FIELD, BATCH_SIZE);
            Processor processor = new Batching().create(factories, tag, description, config);
            return new Passing(processor);
        }

        private final class Batching extends AbstractBatchingProcessor.Factory {
            Batching() {
                super(TYPE);
            }

            @Override
            protected AbstractBatchingProcessor newProcessor(
                String tag, String description, int batchSize, Map<String, Object> config) {
                Options options;
                try {
                    options = Options.take(config);
                } catch (IllegalArgumentException error) {
                    throw ConfigurationUtils.newConfigurationException(TYPE, tag, null, error.getMessage());
                }
                Set<String> own = Set.of(options.stateIndex(), options.alertsIndex());
                return new FirstseenProcessor(tag, description, batchSize, detections.get(options), own, context);
            }
        }
    }
}
