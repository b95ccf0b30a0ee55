package firstseen;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Interrupts the thread of a call that takes too long, and nothing that the thread does after it. */
final class Deadline {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final int LOOKS_MAX = 10;

    private final ScheduledExecutorService scheduler;
    private final long limitNanos;
    private final long beganNanos;
    private Future<?> alarm;
    private int looks;

    /** {@code null} after the call. */
    private Thread caller = Thread.currentThread();

    private boolean isOver;

    /** {@code scheduler} is {@code null}: there is none. */
    Deadline(ScheduledExecutorService scheduler, long limitMs) {
        this.scheduler = scheduler;
        limitNanos = TimeUnit.MILLISECONDS.toNanos(limitMs);
        beganNanos = scheduler == null ? 0 : usedNanos(caller);
        setAlarm(limitNanos);
    }

    /** The processor time of a thread, or where the system does not know it what the clock says. */
    private static long usedNanos(Thread thread) {
        long used = THREADS.isThreadCpuTimeSupported() ? THREADS.getThreadCpuTime(thread.threadId()) : -1;
        return used < 0 ? System.nanoTime() : used;
    }

    private synchronized void setAlarm(long nanos) {
        if (scheduler != null) {
            alarm = scheduler.schedule(this::look, nanos, TimeUnit.NANOSECONDS);
        }
    }

    private synchronized void look() {
        if (caller == null) {
            return;
        }
        long leftNanos = limitNanos - (usedNanos(caller) - beganNanos);
        if (leftNanos > 0 && ++looks < LOOKS_MAX) {
            setAlarm(Math.max(leftNanos, limitNanos / LOOKS_MAX));
            return;
        }
        isOver = true;
        caller.interrupt();
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
