package firstseen.ingest;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import firstseen.Configuration.Document;
import firstseen.ingest.Cluster.Query;
import firstseen.ingest.Cluster.Stored;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Rules in an index: documents with {@code kind} ({@code rules}, {@code exceptions}, {@code value-lists} or
 * {@code mappings}), {@code name} and {@code content}, a text; in order of their ids.
 */
final class RuleIndex implements RuleSource {
    /** What a search gives at most. */
    private static final int DOCUMENTS_MAX = 10_000;

    private final Cluster cluster;
    private final String index;

    RuleIndex(Cluster cluster, String index) {
        this.cluster = cluster;
        this.index = index;
    }

    @Override
    public String place() {
        return "the index " + index;
    }

    @Override
    public CompletionStage<Rules> read(String version) {
        return cluster.search(index, new Query.All(), DOCUMENTS_MAX).thenApply(hits -> {
            List<Stored> found = hits.stream().sorted(Comparator.comparing(Stored::id)).toList();
            if (found.size() == DOCUMENTS_MAX) {
                throw new IllegalStateException("it has " + DOCUMENTS_MAX + " documents or more: put many rules into one");
            }
            String present = version(found);
            return present.equals(version) ? null : rules(found, present);
        });
    }

    private static String version(List<Stored> found) {
        StringBuilder version = new StringBuilder();
        found.forEach(stored -> version.append(stored.id()).append(' ').append(stored.version()).append('\n'));
        return version.toString();
    }

    private static Rules rules(List<Stored> found, String version) {
        Rules rules = new Rules(version);
        for (Stored stored : found) {
            Rules.Kind kind = Rules.Kind.of(text(stored, "kind"));
            if (kind == null) {
                throw new IllegalStateException("document " + stored.id() + ": its kind is none of rules, exceptions, "
                    + "value-lists and mappings");
            }
            rules.add(kind, new Document(text(stored, "name"), text(stored, "content")));
        }
        if (rules.rules().isEmpty()) {
            throw new IllegalStateException("there is no document of kind rules");
        }
        return rules;
    }

    private static String text(Stored stored, String name) {
        JsonObject source = stored.source();
        JsonElement value = source.get(name);
        if (value == null || !value.isJsonPrimitive()) {
            throw new IllegalStateException("document " + stored.id() + ": [" + name + "] is no text");
        }
        return value.getAsString();
    }
}
