package firstseen;

import com.google.gson.JsonElement;
import com.google.gson.annotations.SerializedName;
import java.util.List;

/** What a batch gave, as {@code evaluation} in {@code wit/detector.wit}. */
public record Given(List<Alert> alerts, List<Unjudged> unjudged, List<Remark> remarks, Summary summary) {
    /**
     * An alert.
     *
     * @param rule the rule by its place among those that are loaded; {@code null}: the module's own alert
     * @param term the new term
     * @param id {@code kibana.alert.uuid}
     * @param document JSON on one line; spans count its bytes in UTF-8
     * @param sources the events that it is about
     */
    public record Alert(Long rule, String term, String id, String document, List<Source> sources) {}

    /** An event that an alert is about, and where its document says which one. */
    public record Source(int line, Span id, Span index, @SerializedName("index-before") String indexBefore) {}

    /** A range of bytes. */
    public record Span(int start, int end) {}

    /**
     * A line that was not judged, or not by all rules.
     *
     * @param cause as {@code unjudged-cause}: {@code "work"}, {@code "terms"} or {@code {"malformed":…}}
     * @param rules those that did not judge it; none: no rule did
     */
    public record Unjudged(int line, JsonElement cause, List<Long> rules) {}

    /** What the operator should know of an event that a rule matches: a sentence that begins with the event. */
    public record Remark(int line, long rule, String text) {}

    /** How many events were looked at, how many each rule matched, how many sightings were put off. */
    public record Summary(long events, List<Matches> matches, long deferred) {}

    /** How many events a rule matched. */
    public record Matches(long rule, long events) {}
}
