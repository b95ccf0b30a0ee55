package firstseen.ingest;

import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Query;
import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Cluster.Write;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** State in an index, which all ingest nodes share. */
final class IndexDocuments implements Documents {
    private final Cluster cluster;
    private final String index;

    IndexDocuments(Cluster cluster, String index) {
        this.cluster = cluster;
        this.index = index;
    }

    @Override
    public CompletionStage<List<Stored>> get(List<String> ids) {
        return ids.isEmpty() ? CompletableFuture.completedStage(List.of()) : cluster.get(index, ids);
    }

    @Override
    public CompletionStage<List<Outcome>> write(List<Change> changes) {
        return changes.isEmpty()
            ? CompletableFuture.completedStage(List.of())
            : cluster.write(changes.stream()
                .map(change -> new Write(index, change.id(), change.version(), change.source()))
                .toList());
    }

    @Override
    public CompletionStage<List<Stored>> atMost(String field, long value, int max) {
        return cluster.search(index, new Query.AtMost(field, value), max);
    }
}
