package firstseen.opensearch;

import firstseen.ingest.Event;
import firstseen.ingest.Sorted;
import firstseen.ingest.Tags;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.IngestDocument.Metadata;
import org.opensearch.threadpool.ThreadPool;

/** A document of a pipeline, and how that goes on. */
final class DocumentEvent implements Event {
    /** Marks a document, beside its source. */
    private static final String SIMULATED = "firstseen_simulated";

    /** Threads are named by the server, the node, the pool, and a number. */
    private static final Pattern MANAGEMENT =
        Pattern.compile(".*\\[" + ThreadPool.Names.MANAGEMENT + "]\\[T#[0-9]+]", Pattern.DOTALL);

    private final IngestDocument document;
    private final Consumer<Exception> done;
    private final boolean isSimulated;

    /** To be made in the thread of the pipeline. */
    DocumentEvent(IngestDocument document, Consumer<Exception> done) {
        this.document = document;
        this.done = done;
        // Nothing but its first thread tells a pipeline's simulation; a later processor has another one.
        if (MANAGEMENT.matcher(Thread.currentThread().getName()).matches()) {
            document.getIngestMetadata().put(SIMULATED, true);
        }
        isSimulated = document.getIngestMetadata().containsKey(SIMULATED);
    }

    static String index(IngestDocument document) {
        return (String) document.getSourceAndMetadata().get(Metadata.INDEX.getFieldName());
    }

    @Override
    public String index() {
        return index(document);
    }

    @Override
    public String id() {
        return (String) document.getSourceAndMetadata().get(Metadata.ID.getFieldName());
    }

    @Override
    public byte[] json(String without) throws IOException {
        Map<String, Object> source = Sorted.members(document.getSourceAndMetadata(), without);
        for (Metadata metadata : Metadata.values()) {
            source.remove(metadata.getFieldName());
        }
        try (XContentBuilder json = XContentFactory.jsonBuilder()) {
            json.map(source);
            return BytesReference.toBytes(BytesReference.bytes(json));
        }
    }

    @Override
    public boolean isSimulated() {
        return isSimulated;
    }

    @Override
    public void put(String field, List<Map<String, Object>> alerts) {
        document.getSourceAndMetadata().put(field, Tags.member(document.getSourceAndMetadata().get(field), alerts));
    }

    @Override
    public void done(Exception error) {
        done.accept(error);
    }
}
