package firstseen.ingest;

import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;

/** What runs on a node, by settings. */
public final class Detections implements AutoCloseable {
    private static final int WORKERS_MAX = 4;

    private final Map<Options, WeakReference<Detection>> running = new HashMap<>();

    private Cluster cluster;
    private Node node;
    private FileDocuments file;

    /** How many workers go well with so many processors. */
    public static int workers(int processors) {
        return Math.clamp(processors / 2, 1, WORKERS_MAX);
    }

    /** Takes what the node lends, before the first {@link #get}. */
    public synchronized void take(Cluster cluster, Node node) {
        this.cluster = cluster;
        this.node = node;
    }

    /** Detection with these settings, whose rules may still be loading. */
    public synchronized Detection get(Options options) {
        running.values().removeIf(held -> held.get() == null);
        WeakReference<Detection> held = running.get(options);
        Detection detection = held == null ? null : held.get();
        if (detection == null) {
            detection = Detection.start(options, cluster, documents(options), node);
            running.put(options, new WeakReference<>(detection));
        }
        return detection;
    }

    /** {@code null}: the state is in no file. */
    private Documents documents(Options options) {
        if (options.state() == Options.Place.FILE && file == null) {
            file = new FileDocuments(node.data());
        }
        return options.state() == Options.Place.FILE ? file : null;
    }

    @Override
    public synchronized void close() {
        if (file != null) {
            file.close();
        }
    }
}
