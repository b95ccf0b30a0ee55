package firstseen;

import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Interrupts the thread of a call that takes too long, and nothing that the thread does after it. */
final class Deadline {
    private final Future<?> alarm;

    /** {@code null} after the call. */
    private Thread caller = Thread.currentThread();

    private boolean isOver;

    Deadline(Limits limits) {
        alarm = limits.scheduler() == null
            ? null
            : limits.scheduler().schedule(this::ring, limits.callMsMax(), TimeUnit.MILLISECONDS);
    }

    private synchronized void ring() {
        if (caller != null) {
            isOver = true;
            caller.interrupt();
        }
    }

    /** The call is over. */
    synchronized void end() {
        caller = null;
        if (alarm != null) {
            alarm.cancel(false);
        }
        if (isOver) {
            // Its own, which is nobody else's business.
            Thread.interrupted();
        }
    }
}
