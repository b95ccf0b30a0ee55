package firstseen;

import com.google.gson.annotations.SerializedName;
import java.util.List;

/**
 * What to detect and how to report it, as {@code configuration} in {@code wit/detector.wit}. What is
 * {@code null} is as it usually is.
 *
 * @param rules Kibana rule JSON: a rule, an array of them, or NDJSON; none: the module's built-in rule
 * @param exceptions exception lists and their items, as Kibana exports them
 * @param valueLists value lists, by their ids, one value a line
 * @param mappings field types that win over the module's own
 * @param dataViews data views that rules name
 * @param eventIdField the field of an event that holds its {@code _id}
 * @param clock where event times come from
 * @param format the form of alert documents
 * @param space the Kibana space of the alerts
 */
public record Configuration(
    List<Document> rules,
    List<Document> exceptions,
    @SerializedName("value-lists") List<Document> valueLists,
    List<Document> mappings,
    @SerializedName("data-views") List<DataView> dataViews,
    @SerializedName("event-id-field") String eventIdField,
    Clock clock,
    Format format,
    String space) {

    /** The built-in rule. */
    public Configuration() {
        this(List.of());
    }

    /** Rules, with everything else as it usually is. */
    public Configuration(List<Document> rules) {
        this(rules, List.of(), List.of(), List.of(), List.of(), null, null, null, null);
    }

    /** A named text; the name appears in messages. */
    public record Document(String name, String content) {}

    /** A data view of Kibana's: its id and its index patterns. */
    public record DataView(String id, List<String> patterns) {}

    /** Where the time of an event comes from when it lacks the rule's {@code timestamp_override} field. */
    public enum Clock {
        /** A live pipeline: for {@code event.ingested} the batch's arrival. */
        @SerializedName("arrival")
        ARRIVAL,
        /** Recorded events: their {@code @timestamp}. */
        @SerializedName("event")
        EVENT
    }

    /** The form of alert documents. */
    public enum Format {
        /** For Kibana's alerts index. */
        @SerializedName("kibana")
        KIBANA,
        /** A small ECS document. */
        @SerializedName("ecs")
        ECS
    }
}
