package firstseen.ingest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Terms that were read or written a moment ago, so that what is seen all the time is not asked each time. Sightings
 * only ever add up, so what is known here is known. It holds no text of an event.
 */
final class Known {
    /** How long the state may be another one without being noticed here, for instance removed by hand. */
    private static final long FRESH_MS = 60_000;

    private final Map<String, Read> entries;

    /** A term as it is stored; its events by their hashes. */
    record Read(Times times, long expires, int[] events, long readAt) {
        /** Whether an event may be one that introduced the term: surely, if it did. */
        boolean mayBeIntroducedBy(String event) {
            for (int hash : events) {
                if (hash == event.hashCode()) {
                    return true;
                }
            }
            return false;
        }
    }

    Known(int max) {
        entries = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Read> eldest) {
                return size() > max;
            }
        };
    }

    synchronized Read get(String id, long now) {
        Read entry = entries.get(id);
        return entry != null && now - entry.readAt < FRESH_MS && now >= entry.readAt ? entry : null;
    }

    synchronized void put(String id, Times times, long expires, List<String> events, long now) {
        entries.put(id, new Read(times, expires, events.stream().mapToInt(String::hashCode).toArray(), now));
    }

    synchronized void forget(String id) {
        entries.remove(id);
    }
}
