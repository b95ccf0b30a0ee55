package firstseen;

import com.google.gson.annotations.SerializedName;
import java.util.List;

/**
 * What a batch is evaluated with, as {@code context} in {@code wit/detector.wit}. Lists that go by line are
 * empty, or as long as the batch has lines.
 *
 * @param arrival arrival time of the batch in epoch milliseconds
 * @param targets names of indices and data streams that events are bound for
 * @param targetOf for each line the place of its target; empty: all lines are bound for the first
 * @param ids the {@code _id} of each line, "" for a line without
 * @param lineWorkMax how much work a line may cost; {@code null}: as much as it takes
 * @param setApart lines that the module is not shown, and raises its own alert about
 */
public record Context(
    long arrival,
    List<String> targets,
    @SerializedName("target-of") List<Integer> targetOf,
    List<String> ids,
    @SerializedName("line-work-max") Long lineWorkMax,
    @SerializedName("set-apart") List<SetApart> setApart) {

    /** Nothing is known of the events but when they arrived. */
    public Context(long arrival) {
        this(arrival, List.of(), List.of(), List.of(), null, List.of());
    }

    /** A line that is not shown to the module: an empty one stands in its place. */
    public record SetApart(int line, Cause cause, String event, String beginning) {}

    /** Why it is not. */
    public enum Cause {
        /** It is longer than the host takes. */
        @SerializedName("too-long")
        TOO_LONG,
        /** It is not UTF-8. */
        @SerializedName("not-utf8")
        NOT_UTF8,
        /** The module failed on it. */
        @SerializedName("failed")
        FAILED
    }
}
