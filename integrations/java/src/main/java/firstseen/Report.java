package firstseen;

import com.google.gson.JsonElement;
import com.google.gson.annotations.SerializedName;
import java.util.List;

/**
 * What became of a rule or another document, or what the module warns of: one of these is there.
 *
 * @param loaded the rule runs
 * @param refused the rule does not run; the others do
 * @param unusable a document other than a rule is not used
 * @param warning a sentence
 */
public record Report(Rule loaded, Refusal refused, Refusal unusable, String warning) {
    /** A rule that runs, as {@code rule-summary} in {@code wit/detector.wit}. */
    public record Rule(
        @SerializedName("rule-id") String ruleId,
        long version,
        String name,
        String type,
        String language,
        JsonElement kind,
        String history,
        @SerializedName("window-ms") Unsigned windowMs,
        List<String> warnings,
        List<String> hints) {}

    /** Why a document is not used, as {@code refusal} in {@code wit/detector.wit}. */
    public record Refusal(
        String document,
        long position,
        @SerializedName("rule-id") String ruleId,
        String name,
        String type,
        String reason,
        String field,
        Long offset,
        String cause) {

        /** A line for a person: the document, the rule, the field, the cause. */
        @Override
        public String toString() {
            String rule = name != null ? name : ruleId;
            return document + (rule == null ? "" : ": " + rule) + (field == null ? "" : ": " + field) + ": " + cause;
        }
    }
}
