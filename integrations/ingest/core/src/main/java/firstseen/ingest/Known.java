package firstseen.ingest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Terms that were read or written a moment ago, so that what is seen all the time is not asked each time. Sightings
 * only ever add up, so what is known here is known.
 */
final class Known {
    /** How long the state may be another one without being noticed here, for instance removed by hand. */
    private static final long FRESH_MS = 60_000;

    private record Read(Term term, long readAt) {}

    private final Map<String, Read> entries;

    Known(int max) {
        entries = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Read> eldest) {
                return size() > max;
            }
        };
    }

    synchronized Term get(String id, long now) {
        Read entry = entries.get(id);
        return entry != null && now - entry.readAt < FRESH_MS && now >= entry.readAt ? entry.term : null;
    }

    /** A term as it is stored. Alerts are not kept: only the stored document says whether they are still held. */
    synchronized void put(String id, Term term, long now) {
        entries.put(id, new Read(term.holding(List.of()), now));
    }

    synchronized void forget(String id) {
        entries.remove(id);
    }
}
