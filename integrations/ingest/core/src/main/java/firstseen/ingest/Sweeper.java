package firstseen.ingest;

import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Documents.Change;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Stores alerts that nobody came back for, and removes what may be forgotten. */
final class Sweeper {
    /** How long the batch that raised an alert has for storing it. */
    private static final long HELD_MS_MAX = 60_000;

    private static final int ALERTS_MAX = 100;
    private static final int FORGOTTEN_MAX = 1000;
    private static final int PAGES_MAX = 50;

    private final Documents documents;
    private final Alerts alerts;
    private final LongSupplier now;

    Sweeper(Documents documents, Alerts alerts, LongSupplier now) {
        this.documents = documents;
        this.alerts = alerts;
        this.now = now;
    }

    /** Stores and removes what there is, page by page. */
    CompletionStage<Void> sweep() {
        CompletionStage<Void> stored = pages(this::sweepAlerts, ALERTS_MAX, PAGES_MAX);
        // What cannot be stored does not keep the rest from being forgotten.
        return stored.handle((nothing, error) -> pages(this::forget, FORGOTTEN_MAX, PAGES_MAX).thenAccept(forgotten -> {
            if (error != null) {
                throw new IllegalStateException(Warnings.sentence(error), error);
            }
        })).thenCompose(stage -> stage);
    }

    private static CompletionStage<Void> pages(Supplier<CompletionStage<Integer>> page, int full, int left) {
        return page.get().thenCompose(found -> found < full || left == 1
            ? CompletableFuture.completedStage(null)
            : pages(page, full, left - 1));
    }

    private CompletionStage<Integer> sweepAlerts() {
        return documents.atMost("held_since", now.getAsLong() - HELD_MS_MAX, ALERTS_MAX).thenCompose(found -> {
            List<State.Holding> holding = found.stream()
                .map(stored -> new State.Holding(stored.id(), stored.version(), Term.of(stored.source())))
                .toList();
            return alerts.store(holding).thenApply(nothing -> holding.size());
        });
    }

    private CompletionStage<Integer> forget() {
        return documents.atMost("expires", now.getAsLong() - 1, FORGOTTEN_MAX).thenCompose(found -> {
            List<Change> changes = found.stream()
                .filter(Sweeper::holdsNothing)
                .map(stored -> new Change(stored.id(), stored.version(), null))
                .toList();
            return documents.write(changes).thenApply(outcomes -> outcomes.size());
        });
    }

    private static boolean holdsNothing(Stored stored) {
        return !stored.source().has("held_since");
    }
}
