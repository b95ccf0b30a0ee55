package firstseen.ingest;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;

/**
 * What the state knows of a term of a history.
 *
 * @param times when it was sighted
 * @param events identities of the events that introduced it with an alert, the latest last
 * @param expires arrival after which it may be forgotten, in epoch milliseconds
 * @param alerts those that are not known to be stored
 */
record Term(String history, String term, Times times, List<String> events, long expires, List<Held> alerts) {
    /** Long enough that a file that is read again the same day does not alert again. */
    static final long KEEP_MS_MIN = 24L * 60 * 60 * 1000;

    /** An alert, where it belongs, and since when it is held, in epoch milliseconds. */
    record Held(String index, String id, String document, long since) {}

    /** As many as there may be stretches of sightings, each begun by one. */
    private static final int EVENTS_MAX = 16;

    Term {
        events = List.copyOf(events.subList(Math.max(0, events.size() - EVENTS_MAX), events.size()));
        alerts = List.copyOf(alerts);
    }

    static Term unknown(String history, String term) {
        return new Term(history, term, Times.NONE, List.of(), Long.MIN_VALUE, List.of());
    }

    Term sighted(long at, long windowMs, long now) {
        return new Term(history, term, times.with(at, windowMs), events, Math.max(expires, keepUntil(now, windowMs)), alerts);
    }

    Term introducedBy(String event) {
        List<String> all = new ArrayList<>(events);
        all.add(event);
        return new Term(history, term, times, all, expires, alerts);
    }

    /** The same with nothing known of it; alerts are held on to. */
    Term forgotten() {
        return new Term(history, term, Times.NONE, List.of(), Long.MIN_VALUE, alerts);
    }

    Term holding(List<Held> held) {
        return new Term(history, term, times, events, expires, held);
    }

    Term with(Held alert) {
        List<Held> all = new ArrayList<>(alerts);
        all.removeIf(held -> held.id.equals(alert.id));
        all.add(alert);
        return holding(all);
    }

    /** Until which arrival state is kept that was touched now: twice its length, at least a day. */
    static long keepUntil(long now, long lengthMs) {
        long twice = lengthMs < 0 || lengthMs > Long.MAX_VALUE / 2 ? Long.MAX_VALUE : 2 * lengthMs;
        long kept = Math.max(twice, KEEP_MS_MIN);
        return now > Long.MAX_VALUE - kept ? Long.MAX_VALUE : now + kept;
    }

    /** The document. It has {@code held_since} as long as it holds alerts. */
    String toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("kind", "term");
        json.addProperty("history", history);
        json.addProperty("term", term);
        json.add("times", times.toJson());
        JsonArray by = new JsonArray();
        events.forEach(by::add);
        json.add("events", by);
        json.addProperty("expires", expires);
        if (!alerts.isEmpty()) {
            json.addProperty("held_since", alerts.stream().mapToLong(Held::since).min().orElseThrow());
            JsonArray array = new JsonArray();
            for (Held held : alerts) {
                JsonObject alert = new JsonObject();
                alert.addProperty("index", held.index);
                alert.addProperty("id", held.id);
                alert.addProperty("document", held.document);
                alert.addProperty("since", held.since);
                array.add(alert);
            }
            json.add("alerts", array);
        }
        return json.toString();
    }

    static Term of(JsonObject json) {
        List<String> events = json.getAsJsonArray("events").asList().stream().map(JsonElement::getAsString).toList();
        List<Held> alerts = new ArrayList<>();
        if (json.has("alerts")) {
            for (JsonElement element : json.getAsJsonArray("alerts")) {
                JsonObject alert = element.getAsJsonObject();
                alerts.add(new Held(text(alert, "index"), text(alert, "id"), text(alert, "document"),
                    alert.get("since").getAsLong()));
            }
        }
        return new Term(text(json, "history"), text(json, "term"), Times.of(json.get("times")), events,
            json.get("expires").getAsLong(), alerts);
    }

    private static String text(JsonObject json, String name) {
        return json.get(name) instanceof JsonPrimitive text ? text.getAsString() : null;
    }
}
