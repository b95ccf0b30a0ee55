package firstseen.ingest;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Documents with their members in order: a node has them in any, and an event is known by its bytes. */
public final class Sorted {
    private Sorted() {}

    /** The same with all members in order of their names. */
    public static Map<String, Object> members(Map<?, ?> object) {
        Map<String, Object> sorted = new TreeMap<>();
        object.forEach((name, value) -> sorted.put(String.valueOf(name), value(value)));
        return sorted;
    }

    private static Object value(Object value) {
        return switch (value) {
            case Map<?, ?> object -> members(object);
            case List<?> list -> list.stream().map(Sorted::value).toList();
            case null, default -> value;
        };
    }
}
