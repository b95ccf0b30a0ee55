package firstseen.ingest;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * When a term was sighted: stretches of sightings, each no further than the window from the next, in ascending order.
 * That is enough to judge a sighting whatever the order of events. At most 16 are kept; the oldest go first.
 */
record Times(List<Span> spans) {
    private static final int SPANS_MAX = 16;

    /** The first and the last sighting of a stretch in epoch milliseconds. */
    record Span(long first, long last) {
        /** How far apart two are, without a sign; 0 if they touch. */
        private long distance(Span other) {
            if (other.first > last) {
                return other.first - last;
            }
            return first > other.last ? first - other.last : 0;
        }
    }

    static final Times NONE = new Times(List.of());

    /** Whether a sighting lies at most the window before a time, or after it. */
    boolean knows(long at, long windowMs) {
        Span sighting = new Span(at, at);
        return spans.stream().anyMatch(span -> Long.compareUnsigned(span.distance(sighting), windowMs) <= 0);
    }

    /** Whether so many more sightings push out none. */
    boolean hasRoomFor(int sightings) {
        return spans.size() + sightings <= SPANS_MAX;
    }

    Times with(long at, long windowMs) {
        List<Span> sorted = new ArrayList<>(spans);
        sorted.add(new Span(at, at));
        sorted.sort(Comparator.comparingLong(Span::first));
        List<Span> joined = new ArrayList<>();
        for (Span span : sorted) {
            Span before = joined.isEmpty() ? null : joined.getLast();
            if (before != null && Long.compareUnsigned(before.distance(span), windowMs) <= 0) {
                joined.set(joined.size() - 1, new Span(before.first, Math.max(before.last, span.last)));
            } else {
                joined.add(span);
            }
        }
        return new Times(List.copyOf(joined.subList(Math.max(0, joined.size() - SPANS_MAX), joined.size())));
    }

    JsonArray toJson() {
        JsonArray array = new JsonArray();
        for (Span span : spans) {
            JsonArray ends = new JsonArray();
            ends.add(span.first);
            ends.add(span.last);
            array.add(ends);
        }
        return array;
    }

    static Times of(JsonElement json) {
        List<Span> spans = new ArrayList<>();
        for (JsonElement ends : json.getAsJsonArray()) {
            spans.add(new Span(ends.getAsJsonArray().get(0).getAsLong(), ends.getAsJsonArray().get(1).getAsLong()));
        }
        return new Times(List.copyOf(spans));
    }
}
