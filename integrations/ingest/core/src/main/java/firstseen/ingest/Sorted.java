package firstseen.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Documents with their members in order: a node has them in any, and an event is known by its bytes. */
public final class Sorted {
    /** The module takes no deeper ones, and says so; what lies below is of no use to it. */
    private static final int DEPTH_MAX = 101;

    private Sorted() {}

    /**
     * The same with all members in order of their names, and an empty text in the place of what lies too deep.
     *
     * @param without a member whose alerts are left out: they are no part of the event
     */
    public static Map<String, Object> members(Map<?, ?> object, String without) {
        Map<String, Object> sorted = object(object, 1);
        if (sorted.get(without) instanceof Map<?, ?> own && own.containsKey("alerts")) {
            own.remove("alerts");
            if (own.isEmpty()) {
                sorted.remove(without);
            }
        }
        return sorted;
    }

    private static Map<String, Object> object(Map<?, ?> object, int depth) {
        Map<String, Object> sorted = new TreeMap<>();
        for (Map.Entry<?, ?> member : object.entrySet()) {
            sorted.put(String.valueOf(member.getKey()), value(member.getValue(), depth));
        }
        return sorted;
    }

    private static Object value(Object value, int depth) {
        if (!(value instanceof Map<?, ?>) && !(value instanceof List<?>)) {
            return value;
        }
        if (depth > DEPTH_MAX) {
            return "";
        }
        if (value instanceof Map<?, ?> object) {
            return object(object, depth + 1);
        }
        List<Object> list = new ArrayList<>();
        for (Object element : (List<?>) value) {
            list.add(value(element, depth + 1));
        }
        return list;
    }
}
