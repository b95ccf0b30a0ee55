package firstseen.ingest;

import firstseen.Given.Alert;
import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Write;
import firstseen.ingest.Documents.Change;
import firstseen.ingest.Term.Held;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Where alerts go. */
final class Alerts {
    private final Cluster cluster;
    private final Documents documents;
    private final String index;

    Alerts(Cluster cluster, Documents documents, String index) {
        this.cluster = cluster;
        this.documents = documents;
        this.index = index;
    }

    Held held(Alert alert, long now) {
        return new Held(index, alert.id(), alert.document(), now);
    }

    /** Stores what terms hold; one that is there already is well. Then the terms let go, for which nobody waits. */
    CompletionStage<Void> store(List<State.Holding> holding) {
        List<Write> writes = holding.stream()
            .flatMap(term -> term.term().alerts().stream())
            .map(held -> new Write(held.index(), held.id(), null, held.document()))
            .toList();
        if (writes.isEmpty()) {
            return CompletableFuture.completedStage(null);
        }
        return cluster.write(writes).thenAccept(outcomes -> {
            for (Outcome outcome : outcomes) {
                if (outcome.kind() == Outcome.Kind.FAILED) {
                    throw new IllegalStateException("the alert is kept and stored later: " + outcome.cause());
                }
            }
            documents.write(holding.stream()
                .map(term -> new Change(term.id(), term.version(), term.term().holding(List.of()).toJson()))
                .toList());
        });
    }
}
