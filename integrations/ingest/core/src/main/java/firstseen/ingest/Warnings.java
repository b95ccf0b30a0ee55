package firstseen.ingest;

import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** Warnings for the node's log: not more than an operator reads. */
final class Warnings {
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int PER_PAUSE = 10;

    private final Node.Log log;
    private long pauseBegan = System.nanoTime();
    private int said;
    private long unsaid;

    Warnings(Node.Log log) {
        this.log = log;
    }

    synchronized void warn(String message) {
        long now = System.nanoTime();
        if (now - pauseBegan > PAUSE_NANOS) {
            if (unsaid > 0) {
                log.warn(unsaid + " more warnings like those before");
            }
            pauseBegan = now;
            said = 0;
            unsaid = 0;
        }
        if (said < PER_PAUSE) {
            said++;
            log.warn(message);
        } else {
            unsaid++;
        }
    }

    /** What went wrong, for a person. */
    static String sentence(Throwable error) {
        Throwable cause = error;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
