package firstseen;

import java.util.concurrent.ScheduledExecutorService;

/**
 * What an instance may take.
 *
 * @param memoryBytesMax of memory, which is on the heap
 * @param callMsMax of time a call; the next one goes to a fresh instance
 * @param scheduler ends calls after that time, by interrupting their threads; {@code null}: nothing does
 */
public record Limits(long memoryBytesMax, long callMsMax, ScheduledExecutorService scheduler) {
    /** 1 GiB, and as much time as it takes. */
    public static final Limits MEMORY_ONLY = new Limits(1L << 30, Long.MAX_VALUE, null);
}
