package firstseen.ingest;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Which rules run: those that were found last, or those before where they cannot be used. */
final class RunningRules {
    /** Looks for rules, after which documents no longer wait for those that are being loaded. */
    private static final int LOOKS_MAX = 6;

    private final Loader loader;
    private final Node node;
    private final Warnings warnings;
    private final Runnable changed;
    private final AtomicBoolean looking = new AtomicBoolean();

    /** Whether there was an event, and whether there was a real one. */
    private boolean wanted;
    private boolean needState;

    /** Counted while the first rules are being loaded. */
    private int looks;

    /** The trouble that was said last; {@code null} when it was over. */
    private volatile String said;

    /** {@code null} until rules were loaded, or could not be. */
    private Loaded loaded;

    /**
     * Rules that run.
     *
     * @param hasState whether there are workers with a state
     * @param nothingRuns why no rule runs; {@code null} if one does
     */
    record Loaded(String version, boolean hasState, List<Worker> workers, Worker forgetful, String nothingRuns) {
        static Loaded nothing(String version, boolean hasState, String cause) {
            return new Loaded(version, hasState, List.of(), null, cause);
        }
    }

    /** {@code changed} is run when other rules run. */
    RunningRules(Loader loader, Node node, Warnings warnings, Runnable changed) {
        this.loader = loader;
        this.node = node;
        this.warnings = warnings;
        this.changed = changed;
    }

    synchronized Loaded loaded() {
        // Simulations alone leave no state; what is real waits for one.
        return loaded != null && needState && !loaded.hasState ? null : loaded;
    }

    synchronized boolean needState() {
        return needState;
    }

    /** Takes note of an event; whether it is time to look for rules. */
    synchronized boolean want(boolean isReal) {
        boolean isNews = !wanted || isReal && !needState;
        wanted = true;
        needState |= isReal;
        return isNews;
    }

    /** Loads rules, if they are others than those that run. */
    void look() {
        boolean withState;
        synchronized (this) {
            if (!wanted) {
                return;
            }
            withState = needState;
        }
        if (!looking.compareAndSet(false, true)) {
            waited();
            return;
        }
        Loaded now = loaded();
        Stages.of(() -> loader.load(now == null ? null : now.version, withState)).whenComplete((next, error) -> {
            looking.set(false);
            if (error != null) {
                trouble("rules cannot be loaded from " + loader.place() + ": " + Warnings.sentence(error));
                keepOr(Loaded.nothing(null, withState, Warnings.sentence(error)));
            } else if (next != null && next.nothingRuns != null) {
                keepOr(next);
            } else if (next != null) {
                said = null;
                take(next);
            }
            if (withState != needState()) {
                node.executor().execute(this::look);
            }
        });
    }

    /** Says it once, however often it is found. */
    private void trouble(String message) {
        if (!message.equals(said)) {
            said = message;
            warnings.warn(message);
        }
    }

    private void waited() {
        synchronized (this) {
            if (loaded() != null || ++looks < LOOKS_MAX) {
                return;
            }
        }
        keepOr(Loaded.nothing(null, true, "they are still being loaded from " + loader.place()));
    }

    /** Goes on with the rules that run; without any, nothing is judged. */
    private void keepOr(Loaded nothing) {
        synchronized (this) {
            Loaded before = loaded();
            boolean runs = before != null && before.nothingRuns == null;
            if (runs && before.version != null) {
                node.log().warn("the rules that were loaded before go on running");
            }
            loaded = runs
                ? new Loaded(nothing.version, before.hasState, before.workers, before.forgetful, null)
                : nothing;
        }
        changed.run();
    }

    private void take(Loaded next) {
        synchronized (this) {
            loaded = next;
        }
        changed.run();
    }
}
