package firstseen.ingest;

import firstseen.Given.Alert;
import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Write;
import firstseen.ingest.Documents.Change;
import firstseen.ingest.Term.Held;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Where alerts go. */
final class Alerts {
    private final Cluster cluster;
    private final Documents documents;
    private final String index;
    private final LongSupplier now;
    private final Consumer<String> warn;

    Alerts(Cluster cluster, Documents documents, String index, LongSupplier now, Consumer<String> warn) {
        this.cluster = cluster;
        this.documents = documents;
        this.index = index;
        this.now = now;
        this.warn = warn;
    }

    Held held(Alert alert, long since) {
        return new Held(index, alert.id(), alert.document(), since);
    }

    /**
     * Stores what terms hold; one that is there already is well. Each term then lets go of its own, for which nobody
     * waits. One that cannot be stored is held on to, and its turn comes again after all others: it is not lost.
     */
    CompletionStage<Void> store(List<State.Holding> holding) {
        List<Write> writes = holding.stream()
            .flatMap(term -> term.term().alerts().stream())
            .map(held -> new Write(held.index(), held.id(), null, held.document()))
            .toList();
        if (writes.isEmpty()) {
            return CompletableFuture.completedStage(null);
        }
        return cluster.write(writes).thenAccept(outcomes -> {
            Iterator<Outcome> next = outcomes.iterator();
            List<Change> changes = new ArrayList<>();
            for (State.Holding term : holding) {
                List<Held> kept = new ArrayList<>();
                for (Held held : term.term().alerts()) {
                    Outcome outcome = next.next();
                    if (outcome.kind() != Outcome.Kind.DONE && outcome.kind() != Outcome.Kind.CONFLICT) {
                        warn.accept("the alert " + held.id() + " cannot be stored, and is kept in the state: " + outcome.cause());
                        kept.add(new Held(held.index(), held.id(), held.document(), now.getAsLong()));
                    }
                }
                changes.add(new Change(term.id(), term.version(), term.term().holding(kept).toJson()));
            }
            update(changes);
        });
    }

    /** What comes of it is no matter: whoever finds an alert held stores it, and finds it stored. */
    private void update(List<Change> changes) {
        try {
            documents.write(changes);
        } catch (RuntimeException error) {
            // The sweeper comes back to it.
        }
    }
}
