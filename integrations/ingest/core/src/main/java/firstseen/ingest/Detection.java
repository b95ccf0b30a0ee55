package firstseen.ingest;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Detection on a node, for all processors with the same settings: a queue of events, and workers that take batches
 * from it. Nothing here blocks; what takes its time happens in the node's executor.
 */
public final class Detection {
    private static final int BATCH_EVENTS_MAX = 512;
    private static final long LOOK_MS = 10_000;
    private static final long SWEEP_MS = 30_000;

    private final Node node;
    private final Loader loader;
    private final RunningRules rules;
    private final String targetField;
    private final Warnings warnings;
    private final Deque<Event> queue = new ArrayDeque<>();
    private final Deque<Event> simulated = new ArrayDeque<>();
    private final Deque<Worker> idle = new ArrayDeque<>();

    /** All that there are: idle, or under way. */
    private List<Worker> workers;

    private Detection(Options options, Cluster cluster, Documents documents, Node node) {
        this.node = node;
        warnings = new Warnings(node.log());
        loader = new Loader(options, cluster, documents, node, warnings);
        rules = new RunningRules(loader, node, warnings, this::dispatch);
        targetField = options.targetField();
    }

    /**
     * One that loads its rules when the first event comes, and looks for others until nobody holds it any more.
     *
     * @param documents where the state lies, if that is no index; else {@code null}
     */
    public static Detection start(Options options, Cluster cluster, Documents documents, Node node) {
        Detection detection = new Detection(options, cluster, documents, node);
        WeakReference<Detection> held = new WeakReference<>(detection);
        repeat(held, node, LOOK_MS, waiting -> waiting.rules.look());
        repeat(held, node, SWEEP_MS, Detection::sweep);
        return detection;
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

    /** Takes events, which are handed on when they are judged, in the node's executor. */
    public void submit(List<Event> events) {
        boolean isReal = false;
        synchronized (this) {
            for (Event event : events) {
                (event.isSimulated() ? simulated : queue).add(event);
                isReal |= !event.isSimulated();
            }
        }
        if (rules.want(isReal)) {
            node.executor().execute(rules::look);
        }
        dispatch();
    }

    /** Gives what waits to whoever has nothing to do. */
    private void dispatch() {
        while (dispatchSome()) { }
    }

    private synchronized boolean dispatchSome() {
        RunningRules.Loaded loaded = rules.loaded();
        if (loaded == null) {
            return false;
        }
        if (loaded.nothingRuns() != null) {
            List<Event> events = polled(simulated, Integer.MAX_VALUE);
            events.addAll(polled(queue, Integer.MAX_VALUE));
            IllegalStateException error = new IllegalStateException("no rule runs: " + loaded.nothingRuns());
            node.executor().execute(() -> handOn(unjudged(events, error)));
            return false;
        }
        if (workers != loaded.workers()) {
            workers = loaded.workers();
            idle.clear();
            idle.addAll(workers);
        }
        if (!simulated.isEmpty()) {
            // One worker for all, which takes one batch after the other.
            start(loaded.forgetful(), polled(simulated, BATCH_EVENTS_MAX), () -> { });
            return true;
        }
        if (queue.isEmpty() || idle.isEmpty()) {
            return false;
        }
        Worker worker = idle.poll();
        start(worker, polled(queue, BATCH_EVENTS_MAX), () -> release(worker));
        return true;
    }

    private static List<Event> polled(Deque<Event> queue, int max) {
        List<Event> events = new ArrayList<>();
        while (!queue.isEmpty() && events.size() < max) {
            events.add(queue.poll());
        }
        return events;
    }

    private void start(Worker worker, List<Event> events, Runnable evaluated) {
        node.executor().execute(() -> Stages.of(() -> worker.evaluate(events))
            .exceptionally(error -> unjudged(events, new IllegalStateException(Warnings.sentence(error), error)))
            .thenAccept(judged -> node.executor().execute(() -> {
                evaluated.run();
                handOn(judged);
            })));
    }

    private static List<Worker.Judged> unjudged(List<Event> events, Exception error) {
        return events.stream().map(event -> new Worker.Judged(event, List.of(), error)).toList();
    }

    private void release(Worker worker) {
        synchronized (this) {
            // One of rules that run no more is let go.
            if (workers.contains(worker)) {
                idle.add(worker);
            }
        }
        dispatch();
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
            } catch (RuntimeException | StackOverflowError error) {
                warnings.warn("a document bound for " + one.event().index() + " cannot be handed on: " + Warnings.sentence(error));
            }
        }
    }

    private void sweep() {
        if (!rules.needState()) {
            return;
        }
        Stages.of(loader::sweep).whenComplete((nothing, error) -> {
            if (error != null) {
                warnings.warn("the state cannot be swept: " + Warnings.sentence(error));
            }
        });
    }
}
