package firstseen;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * An instance of the module with its rules, over a store.
 *
 * <p>Batches are evaluated one after the other, in the order of the calls. The module runs in the thread that calls,
 * or in the one in which the store answers. Whatever goes wrong, the store keeps nothing of the batch, and the next
 * call is as good as any: an instance that failed is replaced.
 */
public final class Detector {
    /** How often a batch is judged at most, where the store has others that change what it is made from. */
    private static final int ATTEMPTS_MAX = 32;

    private static final long PAUSE_MS_MAX = 500;

    private final Configuration configuration;
    private final Store store;
    private final Limits limits;
    private final List<Report> reports;

    /** {@code null} after it failed. */
    private PlainModule module;

    private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

    /** Loads rules. One that is refused does not stop the others: see {@link #reports}. */
    public Detector(Configuration configuration, Store store) {
        this(configuration, store, Limits.MEMORY_ONLY);
    }

    /**
     * The same with limits.
     *
     * @throws InvalidException if the configuration is wrong
     * @throws ModuleException if the module failed
     */
    public Detector(Configuration configuration, Store store, Limits limits) {
        this.configuration = configuration;
        this.store = store;
        this.limits = limits;
        PlainModule first = new PlainModule(limits);
        reports = List.copyOf(first.configure(configuration));
        module = first;
    }

    /** What became of each rule. */
    public List<Report> reports() {
        return reports;
    }

    /**
     * Evaluates NDJSON in UTF-8 to its end, and has the store keep what the batch recorded.
     *
     * <p>It fails with an {@link InvalidException}, a {@link NotConfiguredException}, a {@link ModuleException}, or
     * with what the store fails with.
     */
    public synchronized CompletableFuture<Given> evaluate(byte[] batch, Context context) {
        CompletableFuture<Given> given = last.handle((done, error) -> null)
            .thenCompose(nothing -> attempt(batch, context, 1));
        last = given;
        return given;
    }

    private CompletionStage<Given> attempt(byte[] batch, Context context, int number) {
        return store.begin().thenCompose(begun -> judged(batch, context).thenCompose(given -> commit(given)))
            .thenCompose(given -> {
                if (given != null) {
                    return CompletableFuture.completedStage(given);
                }
                if (number == ATTEMPTS_MAX) {
                    return CompletableFuture.failedStage(
                        new IllegalStateException("others changed the state " + ATTEMPTS_MAX + " times in a row"));
                }
                return pause(number).thenCompose(nothing -> attempt(batch, context, number + 1));
            });
    }

    /** Lets others be done with what they change, the longer the more often they were faster. */
    private CompletionStage<Void> pause(int number) {
        CompletableFuture<Void> paused = new CompletableFuture<>();
        if (limits.scheduler() == null) {
            paused.complete(null);
        } else {
            long ms = ThreadLocalRandom.current().nextLong(Math.min(PAUSE_MS_MAX, 1L << Math.min(number, 30)));
            limits.scheduler().schedule(() -> paused.complete(null), ms, TimeUnit.MILLISECONDS);
        }
        return paused;
    }

    /** What the batch gave; after an error the store is rolled back. */
    private CompletionStage<Given> judged(byte[] batch, Context context) {
        return call(() -> started().begin(batch, context)).thenCompose(this::resume).handle((given, error) -> {
            if (error != null) {
                store.rollback();
                throw Failures.unchecked(error);
            }
            return given;
        });
    }

    private CompletionStage<Given> resume(PlainModule.Step step) {
        if (step.given() != null) {
            return CompletableFuture.completedStage(step.given());
        }
        return store.answers(step.questions())
            .thenCompose(verdicts -> call(() -> module.finish(verdicts)))
            .thenCompose(this::resume);
    }

    /** The same, kept; {@code null} if it must be judged again. */
    private CompletionStage<Given> commit(Given given) {
        return CompletableFuture.completedStage(given.alerts()).thenCompose(store::commit).handle((kept, error) -> {
            if (error != null || !kept) {
                store.rollback();
            }
            if (error != null) {
                throw Failures.unchecked(error);
            }
            return kept ? given : null;
        });
    }

    private PlainModule started() {
        if (module == null) {
            PlainModule next = new PlainModule(limits);
            next.configure(configuration);
            module = next;
        }
        return module;
    }

    /** Calls the module, which is thrown away if that ends it. */
    private <T> CompletionStage<T> call(Supplier<T> call) {
        try {
            return CompletableFuture.completedStage(call.get());
        } catch (InvalidException | NotConfiguredException error) {
            return CompletableFuture.failedStage(error);
        } catch (RuntimeException | Error error) {
            module = null;
            return CompletableFuture.failedStage(error);
        }
    }
}
