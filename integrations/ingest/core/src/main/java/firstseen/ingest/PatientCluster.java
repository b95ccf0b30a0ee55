package firstseen.ingest;

import firstseen.ingest.Cluster.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Comes again where the cluster is busy, or its shards are not there yet, and makes indices that it writes to. */
final class PatientCluster implements Cluster {
    /** Some ten seconds in all. */
    private static final int ATTEMPTS_MAX = 8;

    private static final long FIRST_WAIT_MS = 50;

    private final Cluster cluster;
    private final ScheduledExecutorService scheduler;
    private final List<Definition> indices;

    PatientCluster(Cluster cluster, ScheduledExecutorService scheduler, List<Definition> indices) {
        this.cluster = cluster;
        this.scheduler = scheduler;
        this.indices = indices;
    }

    @Override
    public CompletionStage<List<Stored>> get(String index, List<String> ids) {
        return again(() -> cluster.get(index, ids), 1);
    }

    @Override
    public CompletionStage<List<Stored>> search(String index, Query query, int max) {
        return again(() -> cluster.search(index, query, max), 1);
    }

    @Override
    public boolean exists(String index) {
        return cluster.exists(index);
    }

    @Override
    public CompletionStage<Void> make(Definition index) {
        return again(() -> cluster.make(index), 1);
    }

    @Override
    public CompletionStage<List<Outcome>> write(List<Write> writes) {
        CompletionStage<Void> made = CompletableFuture.completedStage(null);
        for (Definition index : indices) {
            // Else the write would make it, with whatever mapping comes of that.
            if (!cluster.exists(index.name()) && writes.stream().anyMatch(write -> write.index().equals(index.name()))) {
                made = made.thenCompose(nothing -> make(index));
            }
        }
        return made.thenCompose(nothing -> write(writes, 1));
    }

    private CompletionStage<List<Outcome>> write(List<Write> writes, int attempt) {
        return cluster.write(writes).thenCompose(outcomes -> {
            List<Integer> busy = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
                if (outcomes.get(i).kind() == Outcome.Kind.BUSY) {
                    busy.add(i);
                }
            }
            if (busy.isEmpty()) {
                return CompletableFuture.completedStage(outcomes);
            }
            if (attempt == ATTEMPTS_MAX) {
                return CompletableFuture.completedStage(outcomes.stream().map(PatientCluster::givenUp).toList());
            }
            return later(attempt, () -> write(busy.stream().map(writes::get).toList(), attempt + 1)).thenApply(rest -> {
                List<Outcome> all = new ArrayList<>(outcomes);
                for (int i = 0; i < busy.size(); i++) {
                    all.set(busy.get(i), rest.get(i));
                }
                return all;
            });
        });
    }

    private static Outcome givenUp(Outcome outcome) {
        return outcome.kind() == Outcome.Kind.BUSY
            ? new Outcome(Outcome.Kind.FAILED, null, "after " + ATTEMPTS_MAX + " attempts: " + outcome.cause())
            : outcome;
    }

    private <T> CompletionStage<T> again(Supplier<CompletionStage<T>> call, int attempt) {
        return call.get().handle((result, error) -> {
            if (error == null) {
                return CompletableFuture.completedStage(result);
            }
            return attempt < ATTEMPTS_MAX && isBusy(error)
                ? later(attempt, () -> again(call, attempt + 1))
                : CompletableFuture.<T>failedStage(error);
        }).thenCompose(stage -> stage);
    }

    private static boolean isBusy(Throwable error) {
        return error instanceof BusyException || error.getCause() instanceof BusyException;
    }

    private <T> CompletionStage<T> later(int attempt, Supplier<CompletionStage<T>> call) {
        CompletableFuture<Void> waited = new CompletableFuture<>();
        long waitMs = FIRST_WAIT_MS << (attempt - 1);
        // Half of it by chance, so that nodes do not come back together.
        long jitteredMs = waitMs / 2 + ThreadLocalRandom.current().nextLong(waitMs / 2 + 1);
        scheduler.schedule(() -> waited.complete(null), jitteredMs, TimeUnit.MILLISECONDS);
        return waited.thenCompose(nothing -> call.get());
    }
}
