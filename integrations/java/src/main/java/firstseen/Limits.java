package firstseen;

import java.util.concurrent.ScheduledExecutorService;

/**
 * What an instance may take. Time is processor time of the calling thread, so that a busy machine changes nothing; ten
 * times as much by the clock ends a call too.
 *
 * @param memoryBytesMax of memory, which is on the heap
 * @param configureMsMax of time to load rules
 * @param callMsMax of time for any other call; the next one goes to a fresh instance
 * @param scheduler looks at the time, and interrupts the thread of a call that is over it; {@code null}: nothing does
 */
public record Limits(long memoryBytesMax, long configureMsMax, long callMsMax, ScheduledExecutorService scheduler) {
    /** 1 GiB, and as much time as it takes. */
    public static final Limits MEMORY_ONLY = new Limits(1L << 30, Long.MAX_VALUE, Long.MAX_VALUE, null);
}
