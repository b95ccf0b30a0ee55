package firstseen;

import com.google.gson.annotations.SerializedName;

/**
 * A question: was the term sighted within the window? {@code wit/state.wit} has its meaning.
 *
 * @param history key of the rule's history
 * @param term a canonical JSON array of the tuple's values
 * @param at time of the event in epoch milliseconds
 * @param windowMs how long a sighting keeps the term known
 * @param event identity of the event
 * @param quota how many alerts the rule may raise
 */
public record Sighting(
    String history, String term, long at, @SerializedName("window-ms") Unsigned windowMs, String event, Quota quota) {

    /** At most {@code max} alerts in each {@code perMs} milliseconds since 1970. */
    public record Quota(long max, @SerializedName("per-ms") Unsigned perMs) {}

    /** The interval that the sighting belongs to, by its number. */
    public long interval() {
        long perMs = quota.perMs.bits();
        return perMs < 0 ? at >> 63 : Math.floorDiv(at, perMs);
    }

    /** What the state says of a sighting. */
    public enum Verdict {
        /** Not known: it is recorded, and an alert is raised. */
        @SerializedName("unseen")
        UNSEEN,
        /** Known: it is recorded. */
        @SerializedName("seen")
        SEEN,
        /** Not known, but the quota is used up: nothing is recorded. */
        @SerializedName("deferred")
        DEFERRED,
        /** This very event introduced the term: the same alert is raised again. */
        @SerializedName("replayed")
        REPLAYED
    }
}
