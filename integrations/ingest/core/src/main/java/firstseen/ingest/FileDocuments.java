package firstseen.ingest;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Cluster.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.StringDataType;

/** State in a file of this node, for a cluster with one ingest node. What is written is on disk when it is done. */
final class FileDocuments implements Documents, AutoCloseable {
    private static final String LAST_VERSION = "last version";

    private final Path folder;

    /** {@code null} until the first call, which may be later than the cluster's state is applied. */
    private MVStore store;

    /** The document's version, a blank and the document. */
    private MVMap<String, String> documents;

    /** When documents expire and since when they hold alerts, by field and id. */
    private MVMap<String, Long> numbers;

    FileDocuments(Path folder) {
        this.folder = folder;
    }

    private void open() {
        // A disk that was full has closed it.
        if (store != null && !store.isClosed()) {
            return;
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException error) {
            throw new UncheckedIOException("the state cannot be kept in " + folder, error);
        }
        String file = folder.resolve("state.mv").toString();
        MVStore opened = new MVStore.Builder().fileName(file).autoCommitDisabled().open();
        documents = opened.openMap("documents", new MVMap.Builder<String, String>()
            .keyType(StringDataType.INSTANCE)
            .valueType(StringDataType.INSTANCE));
        numbers = opened.openMap("numbers", new MVMap.Builder<String, Long>()
            .keyType(StringDataType.INSTANCE)
            .valueType(LongDataType.INSTANCE));
        store = opened;
    }

    @Override
    public synchronized CompletionStage<List<Stored>> get(List<String> ids) {
        open();
        return CompletableFuture.completedStage(new ArrayList<>(ids.stream().map(this::stored).toList()));
    }

    @Override
    public synchronized CompletionStage<List<Outcome>> write(List<Change> changes) {
        open();
        List<Outcome> outcomes = changes.stream().map(this::written).toList();
        store.commit();
        store.sync();
        return CompletableFuture.completedStage(outcomes);
    }

    @Override
    public synchronized CompletionStage<List<Stored>> atMost(String field, long value, int max) {
        open();
        record Found(String id, long number) {}
        String prefix = field + " ";
        List<Found> found = new ArrayList<>();
        for (var keys = numbers.keyIterator(prefix); keys.hasNext(); ) {
            String key = keys.next();
            if (!key.startsWith(prefix)) {
                break;
            }
            long number = numbers.get(key);
            if (number <= value) {
                found.add(new Found(key.substring(prefix.length()), number));
            }
        }
        return CompletableFuture.completedStage(found.stream()
            .sorted(Comparator.comparingLong(Found::number))
            .limit(max)
            .map(one -> stored(one.id))
            .toList());
    }

    @Override
    public synchronized void close() {
        if (store != null) {
            store.close();
        }
    }

    private Stored stored(String id) {
        String text = documents.get(id);
        return text == null ? null : new Stored(id, new Version(version(text), 1), source(text));
    }

    private Outcome written(Change change) {
        String before = documents.get(change.id());
        boolean isMine = change.version() == null
            ? before == null
            : before != null && version(before) == change.version().seqNo();
        if (!isMine) {
            return new Outcome(Outcome.Kind.CONFLICT, null, null);
        }
        long version = numbers.getOrDefault(LAST_VERSION, 0L) + 1;
        numbers.put(LAST_VERSION, version);
        if (change.source() == null) {
            documents.remove(change.id());
        } else {
            documents.put(change.id(), version + " " + change.source());
        }
        for (String field : List.of("expires", "held_since")) {
            JsonObject source = change.source() == null ? new JsonObject() : JsonParser.parseString(change.source()).getAsJsonObject();
            if (source.has(field)) {
                numbers.put(field + " " + change.id(), source.get(field).getAsLong());
            } else {
                numbers.remove(field + " " + change.id());
            }
        }
        return new Outcome(Outcome.Kind.DONE, new Version(version, 1), null);
    }

    private static long version(String text) {
        return Long.parseLong(text.substring(0, text.indexOf(' ')));
    }

    private static JsonObject source(String text) {
        return JsonParser.parseString(text.substring(text.indexOf(' ') + 1)).getAsJsonObject();
    }
}
