package firstseen.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Comes again where the cluster is busy, or its shards are not there yet; makes indices that it writes to; asks for no
 * more at once than goes well. What follows an answer runs in the node's executor: answers come in threads that must
 * not wait.
 */
final class PatientCluster implements Cluster {
    private static final long PATIENCE_MS = 30_000;
    private static final long FIRST_WAIT_MS = 50;
    private static final long WAIT_MS_MAX = 2_000;

    /** Documents in a request. */
    private static final int REQUEST_MAX = 1_000;

    private final Cluster cluster;
    private final Node node;
    private final List<Definition> indices;

    PatientCluster(Cluster cluster, Node node, List<Definition> indices) {
        this.cluster = cluster;
        this.node = node;
        this.indices = indices;
    }

    @Override
    public CompletionStage<List<Stored>> get(String index, List<String> ids) {
        return inParts(ids, part -> again(() -> cluster.get(index, part), new Patience()));
    }

    @Override
    public CompletionStage<List<Stored>> search(String index, Query query, int max) {
        return again(() -> cluster.search(index, query, max), new Patience());
    }

    @Override
    public boolean exists(String index) {
        return cluster.exists(index);
    }

    @Override
    public CompletionStage<Void> make(Definition index) {
        return again(() -> cluster.make(index), new Patience());
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
        return made.thenCompose(nothing -> inParts(writes, part -> write(part, new Patience())));
    }

    private static <T, R> CompletionStage<List<R>> inParts(List<T> all, Function<List<T>, CompletionStage<List<R>>> call) {
        List<R> results = new ArrayList<>(all.size());
        CompletionStage<Void> done = CompletableFuture.completedStage(null);
        for (int from = 0; from < all.size(); from += REQUEST_MAX) {
            List<T> part = all.subList(from, Math.min(from + REQUEST_MAX, all.size()));
            done = done.thenCompose(nothing -> call.apply(part)).thenAccept(results::addAll);
        }
        return done.thenApply(nothing -> results);
    }

    private CompletionStage<List<Outcome>> write(List<Write> writes, Patience patience) {
        return here(cluster.write(writes)).thenCompose(outcomes -> {
            List<Integer> busy = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
                if (outcomes.get(i).kind() == Outcome.Kind.BUSY) {
                    busy.add(i);
                }
            }
            if (busy.isEmpty() || patience.isOver()) {
                return CompletableFuture.completedStage(outcomes);
            }
            List<Write> open = busy.stream().map(writes::get).toList();
            return later(patience, () -> write(open, patience)).thenApply(rest -> {
                List<Outcome> all = new ArrayList<>(outcomes);
                for (int i = 0; i < busy.size(); i++) {
                    all.set(busy.get(i), rest.get(i));
                }
                return all;
            });
        });
    }

    private <T> CompletionStage<T> again(Supplier<CompletionStage<T>> call, Patience patience) {
        return here(call.get()).handle((result, error) -> {
            if (error == null) {
                return CompletableFuture.completedStage(result);
            }
            return !patience.isOver() && isBusy(error)
                ? later(patience, () -> again(call, patience))
                : CompletableFuture.<T>failedStage(error);
        }).thenCompose(stage -> stage);
    }

    private static boolean isBusy(Throwable error) {
        return error instanceof BusyException || error.getCause() instanceof BusyException;
    }

    /** The same, with what follows in the node's executor. */
    private <T> CompletionStage<T> here(CompletionStage<T> answer) {
        CompletableFuture<T> here = new CompletableFuture<>();
        answer.whenComplete((result, error) -> node.executor().execute(() -> {
            if (error == null) {
                here.complete(result);
            } else {
                here.completeExceptionally(error);
            }
        }));
        return here;
    }

    private <T> CompletionStage<T> later(Patience patience, Supplier<CompletionStage<T>> call) {
        CompletableFuture<Void> waited = new CompletableFuture<>();
        node.scheduler().schedule(() -> waited.complete(null), patience.waitMs(), TimeUnit.MILLISECONDS);
        return here(waited).thenCompose(nothing -> call.get());
    }

    /** How long to wait before the next attempt, and when there is none. */
    private static final class Patience {
        private final long began = System.nanoTime();
        private long nextMs = FIRST_WAIT_MS;

        boolean isOver() {
            return System.nanoTime() - began > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        }

        /** Half of it by chance, so that nodes do not come back together. */
        long waitMs() {
            long waitMs = nextMs;
            nextMs = Math.min(2 * nextMs, WAIT_MS_MAX);
            return waitMs / 2 + ThreadLocalRandom.current().nextLong(waitMs / 2 + 1);
        }
    }
}
