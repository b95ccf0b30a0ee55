package firstseen.elasticsearch;

import firstseen.ingest.Event;
import firstseen.ingest.Sorted;
import firstseen.ingest.Tags;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.elasticsearch.common.bytes.BytesReference;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.xcontent.XContentBuilder;
import org.elasticsearch.xcontent.XContentFactory;

/** A document of a pipeline, and how that goes on. */
final class DocumentEvent implements Event {
    /** Marks a document, beside its source. */
    private static final String SIMULATED = "firstseen_simulated";

    private final IngestDocument document;
    private final BiConsumer<IngestDocument, Exception> handler;
    private final Supplier<ThreadContext.StoredContext> context;
    private final boolean isSimulated;

    /** {@code context}: that of the request. To be made in the thread of the pipeline. */
    DocumentEvent(
        IngestDocument document,
        BiConsumer<IngestDocument, Exception> handler,
        Supplier<ThreadContext.StoredContext> context) {
        this.document = document;
        this.handler = handler;
        this.context = context;
        // Nothing but its first thread tells a pipeline's simulation; a later processor has another one.
        if (ThreadPool.Names.MANAGEMENT.equals(EsExecutors.executorName(Thread.currentThread()))) {
            document.getIngestMetadata().put(SIMULATED, true);
        }
        isSimulated = document.getIngestMetadata().containsKey(SIMULATED);
    }

    @Override
    public String index() {
        return document.getMetadata().getIndex();
    }

    @Override
    public String id() {
        return document.getMetadata().getId();
    }

    @Override
    public byte[] json(String without) throws IOException {
        try (XContentBuilder json = XContentFactory.jsonBuilder()) {
            json.map(Sorted.members(document.getSource(), without));
            return BytesReference.toBytes(BytesReference.bytes(json));
        }
    }

    @Override
    public boolean isSimulated() {
        return isSimulated;
    }

    @Override
    public void put(String field, List<Map<String, Object>> alerts) {
        document.getSource().put(field, Tags.member(document.getSource().get(field), alerts));
    }

    @Override
    public void done(Exception error) {
        try (ThreadContext.StoredContext ours = context.get()) {
            handler.accept(error == null ? document : null, error);
        }
    }
}
