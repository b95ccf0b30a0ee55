package firstseen.opensearch;

import firstseen.ingest.Event;
import firstseen.ingest.Sorted;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.IngestDocument.Metadata;
import org.opensearch.threadpool.ThreadPool;

/** A document of a pipeline, and how that goes on. */
final class DocumentEvent implements Event {
    private final IngestDocument document;
    private final Consumer<Exception> done;
    private final boolean isSimulated;

    /** To be made in the thread of the pipeline. */
    DocumentEvent(IngestDocument document, Consumer<Exception> done) {
        this.document = document;
        this.done = done;
        // Nothing but the thread tells a pipeline's simulation.
        isSimulated = Thread.currentThread().getName().contains("[" + ThreadPool.Names.MANAGEMENT + "]");
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
    public byte[] json() throws IOException {
        Map<String, Object> source = Sorted.members(document.getSourceAndMetadata());
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
        Map<String, Object> member = new HashMap<>();
        if (document.getSourceAndMetadata().get(field) instanceof Map<?, ?> before) {
            before.forEach((name, value) -> member.put((String) name, value));
        }
        member.put("alerts", alerts);
        document.getSourceAndMetadata().put(field, member);
    }

    @Override
    public void done(Exception error) {
        done.accept(error);
    }
}
