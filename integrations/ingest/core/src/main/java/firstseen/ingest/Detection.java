package firstseen.ingest;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Detection on a node, for all processors with the same settings: a queue of events, and workers that take batches
 * from it. Nothing here blocks; loading happens in the node's executor.
 */
public final class Detection {
    private static final int BATCH_EVENTS_MAX = 512;
    private static final long LOOK_MS = 10_000;

    /** Looks for rules, after which documents no longer wait for those that are being loaded. */
    private static final int LOOKS_MAX = 6;

    private static final long SWEEP_MS = 30_000;

    private final Node node;
    private final Loader loader;
    private final String targetField;
    private final Warnings warnings;
    private final Deque<Event> queue = new ArrayDeque<>();
    private final Deque<Worker> idle = new ArrayDeque<>();

    private final AtomicBoolean looking = new AtomicBoolean();

    /** Counted while the first rules are being loaded. */
    private volatile int looks;

    /** {@code null} until rules were loaded, or could not be. */
    private Loaded loaded;

    /** Rules that run; another one replaces it. */
    record Loaded(String version, List<Worker> workers, Worker forgetful, String nothingRuns) {}

    private Detection(Node node, Loader loader, String targetField) {
        this.node = node;
        this.loader = loader;
        this.targetField = targetField;
        warnings = new Warnings(node.log());
    }

    /**
     * One that begins to load its rules. It looks for others until nobody holds it any more.
     *
     * @param documents where the state lies, if that is no index; else {@code null}
     */
    public static Detection start(Options options, Cluster cluster, Documents documents, Node node) {
        Detection detection = new Detection(node, new Loader(options, cluster, documents, node), options.targetField());
        node.executor().execute(detection::look);
        WeakReference<Detection> held = new WeakReference<>(detection);
        repeat(held, node, LOOK_MS, Detection::look);
        repeat(held, node, SWEEP_MS, Detection::sweep);
        return detection;
    }

    /** Takes events, which are handed on when they are judged, in the node's executor. */
    public void submit(List<Event> events) {
        synchronized (this) {
            queue.addAll(events);
        }
        dispatch();
    }

    private static void repeat(WeakReference<Detection> held, Node node, long periodMs, Consumer<Detection> task) {
        node.scheduler().schedule(() -> {
            Detection detection = held.get();
            if (detection != null) {
                node.executor().execute(() -> task.accept(detection));
                repeat(held, node, periodMs, task);
            }
        }, periodMs, TimeUnit.MILLISECONDS);
    }

    /** Loads rules, if they are others than those that run. */
    private void look() {
        if (!looking.compareAndSet(false, true)) {
            if (loaded() == null && ++looks >= LOOKS_MAX) {
                keepOr(new Loaded(null, List.of(), null, "they are still being loaded from " + loader.place()));
            }
            return;
        }
        String version = loaded() == null ? null : loaded().version;
        loader.load(version).whenComplete((next, error) -> {
            looking.set(false);
            if (error != null) {
                warnings.warn("rules cannot be loaded from " + loader.place() + ": " + Warnings.sentence(error));
                keepOr(new Loaded(null, List.of(), null, Warnings.sentence(error)));
            } else if (next != null && next.nothingRuns != null) {
                keepOr(next);
            } else if (next != null) {
                take(next);
            }
        });
    }

    private synchronized Loaded loaded() {
        return loaded;
    }

    /** Goes on with the rules that run; without any, nothing is judged. */
    private void keepOr(Loaded nothing) {
        synchronized (this) {
            boolean runs = loaded != null && loaded.nothingRuns == null;
            loaded = runs ? new Loaded(nothing.version, loaded.workers, loaded.forgetful, null) : nothing;
            if (runs) {
                node.log().warn("the rules that were loaded before go on running");
            }
        }
        dispatch();
    }

    private void take(Loaded next) {
        synchronized (this) {
            loaded = next;
            idle.clear();
            idle.addAll(next.workers);
        }
        dispatch();
    }

    private void dispatch() {
        while (true) {
            Worker worker;
            List<Event> events;
            String nothingRuns;
            synchronized (this) {
                if (queue.isEmpty() || loaded == null) {
                    return;
                }
                nothingRuns = loaded.nothingRuns;
                worker = nothingRuns == null ? idle.poll() : null;
                if (worker == null && nothingRuns == null) {
                    return;
                }
                events = taken(nothingRuns != null);
            }
            if (nothingRuns != null) {
                IllegalStateException error = new IllegalStateException("no rule runs: " + nothingRuns);
                node.executor().execute(() -> handOn(unjudged(events, error)));
            } else {
                node.executor().execute(() -> evaluate(worker, events));
            }
        }
    }

    private List<Event> taken(boolean all) {
        List<Event> events = new ArrayList<>();
        while (!queue.isEmpty() && (all || events.size() < BATCH_EVENTS_MAX)) {
            events.add(queue.poll());
        }
        return events;
    }

    private void evaluate(Worker worker, List<Event> events) {
        List<Event> simulated = events.stream().filter(Event::isSimulated).toList();
        List<Event> real = simulated.isEmpty() ? events : events.stream().filter(event -> !event.isSimulated()).toList();
        evaluate(worker, real, () -> release(worker));
        if (!simulated.isEmpty()) {
            simulate(simulated);
        }
    }

    private void evaluate(Worker worker, List<Event> events, Runnable evaluated) {
        worker.evaluate(events).exceptionally(error -> {
            IllegalStateException failed = new IllegalStateException(Warnings.sentence(error), error);
            return unjudged(events, failed);
        }).thenAccept(judged -> node.executor().execute(() -> {
            evaluated.run();
            handOn(judged);
        }));
    }

    private static List<Worker.Judged> unjudged(List<Event> events, Exception error) {
        return events.stream().map(event -> new Worker.Judged(event, List.of(), error)).toList();
    }

    private void simulate(List<Event> events) {
        Loaded now = loaded();
        if (now == null || now.forgetful == null) {
            handOn(unjudged(events, new IllegalStateException("no rule runs")));
            return;
        }
        // One worker for all, whose detector takes batches one after the other.
        evaluate(now.forgetful, events, () -> { });
    }

    private void handOn(List<Worker.Judged> judged) {
        judged.stream().filter(one -> one.error() != null).findFirst().ifPresent(one -> {
            long count = judged.stream().filter(other -> other.error() != null).count();
            warnings.warn(count + " documents passed without being judged, the first bound for " + one.event().index()
                + ": " + Warnings.sentence(one.error()));
        });
        for (Worker.Judged one : judged) {
            try {
                one.handOn(targetField);
            } catch (RuntimeException error) {
                warnings.warn("a document bound for " + one.event().index() + " cannot be handed on: " + Warnings.sentence(error));
            }
        }
    }

    private void release(Worker worker) {
        synchronized (this) {
            // One of rules that run no more is let go.
            if (loaded != null && loaded.workers.contains(worker)) {
                idle.add(worker);
            }
        }
        dispatch();
    }

    private void sweep() {
        loader.sweep().whenComplete((swept, error) -> {
            if (error != null) {
                warnings.warn("the state cannot be swept: " + Warnings.sentence(error));
            } else if (swept > 0) {
                node.log().info(swept + " alerts were stored that batches had left behind");
            }
        });
    }
}
