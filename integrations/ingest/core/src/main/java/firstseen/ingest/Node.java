package firstseen.ingest;

import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What the node lends.
 *
 * @param name the node's
 * @param config its config folder
 * @param data a folder of its own to write to
 * @param executor where the module runs, and documents are handed on
 * @param scheduler for short tasks later
 * @param workers how many batches are evaluated at a time
 * @param log the node's log
 */
public record Node(
    String name, Path config, Path data, Executor executor, ScheduledExecutorService scheduler, int workers, Log log) {

    public Node {
        Executor lent = executor;
        // What the executor does not take, at the node's end for instance, must come to its end too.
        executor = task -> {
            try {
                lent.execute(task);
            } catch (RejectedExecutionException error) {
                task.run();
            }
        };
    }

    /** The node's log. */
    public interface Log {
        /** What an operator may know. */
        void info(String message);

        /** What an operator must look at. */
        void warn(String message);
    }
}
