package firstseen.ingest;

import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Documents.Change;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/** Stores alerts that nobody came back for, and removes what may be forgotten. */
final class Sweeper {
    /** How long the batch that raised an alert has for storing it. */
    private static final long HELD_MS_MAX = 60_000;

    private static final int ALERTS_MAX = 100;
    private static final int FORGOTTEN_MAX = 1000;

    private final Documents documents;
    private final Alerts alerts;
    private final LongSupplier now;

    Sweeper(Documents documents, Alerts alerts, LongSupplier now) {
        this.documents = documents;
        this.alerts = alerts;
        this.now = now;
    }

    /** How many alerts were stored. */
    CompletionStage<Integer> sweep() {
        return sweepAlerts().thenCompose(swept -> forget().thenApply(nothing -> swept));
    }

    private CompletionStage<Integer> sweepAlerts() {
        return documents.atMost("held_since", now.getAsLong() - HELD_MS_MAX, ALERTS_MAX).thenCompose(found -> {
            List<State.Holding> holding = found.stream()
                .map(stored -> new State.Holding(stored.id(), stored.version(), Term.of(stored.source())))
                .toList();
            return alerts.store(holding).thenApply(nothing -> holding.stream().mapToInt(term -> term.term().alerts().size()).sum());
        });
    }

    private CompletionStage<?> forget() {
        return documents.atMost("expires", now.getAsLong(), FORGOTTEN_MAX).thenCompose(found -> {
            List<Change> changes = found.stream()
                .filter(Sweeper::holdsNothing)
                .map(stored -> new Change(stored.id(), stored.version(), null))
                .toList();
            return changes.isEmpty() ? CompletableFuture.completedStage(null) : documents.write(changes);
        });
    }

    private static boolean holdsNothing(Stored stored) {
        return !stored.source().has("held_since");
    }
}
