package firstseen.ingest;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The alerts that a history had in one interval, by their claims. A claim is made once, however often a batch is
 * judged: what is left of one that did not come to its end is taken up by its own event when that comes again.
 */
final class Quota {
    private final String history;
    private final long expires;
    private final Set<String> claims = new LinkedHashSet<>();
    private boolean changed;

    Quota(String history, long perMs, long now) {
        this.history = history;
        expires = Term.keepUntil(now, perMs);
    }

    Quota(JsonObject json) {
        history = json.get("history").getAsString();
        expires = json.get("expires").getAsLong();
        for (JsonElement claim : json.getAsJsonArray("claims")) {
            claims.add(claim.getAsString());
        }
    }

    /** Whether a stored one may be forgotten, whether or not it has been swept. */
    static boolean isForgotten(JsonObject json, long now) {
        return json.get("expires").getAsLong() < now;
    }

    /** Whether there is room for a claim, which is made. */
    boolean claim(String claim, long max) {
        if (claims.contains(claim)) {
            return true;
        }
        if (claims.size() >= max) {
            return false;
        }
        changed = true;
        return claims.add(claim);
    }

    /** Gives a claim back that came to nothing. */
    void release(String claim) {
        changed |= claims.remove(claim);
    }

    boolean isChanged() {
        return changed;
    }

    String toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("kind", "quota");
        json.addProperty("history", history);
        json.addProperty("expires", expires);
        JsonArray array = new JsonArray();
        claims.forEach(array::add);
        json.add("claims", array);
        return json.toString();
    }
}
