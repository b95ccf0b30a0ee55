package firstseen.ingest;

import firstseen.Configuration.Clock;
import firstseen.Configuration.Format;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The settings of a processor. Processors of a node with the same ones share everything.
 *
 * @param rulesPath the folder of rules, below {@code firstseen} in the node's config folder; empty: that itself
 * @param rulesIndex the index of rules instead; {@code null}: the folder
 * @param alertsIndex where alerts go
 * @param state where the state lies
 * @param stateIndex the index of the state
 * @param targetField the member of a document that gets its alerts
 * @param learnMs how long a new rule only learns
 * @param clock where event times come from
 * @param format the form of alerts
 * @param space the Kibana space of alerts
 */
public record Options(
    String rulesPath,
    String rulesIndex,
    String alertsIndex,
    Place state,
    String stateIndex,
    String targetField,
    long learnMs,
    Clock clock,
    Format format,
    String space) {

    /** Where the state lies. */
    public enum Place {
        /** In an index, which all nodes share. */
        INDEX,
        /** In a file of this node. */
        FILE,
        /** Nowhere: all is new, and no alert is stored. */
        NONE
    }

    /** What Kibana allows. */
    private static final Pattern SPACE = Pattern.compile("[a-z0-9_-]{1,100}");

    /** What the servers allow, and a little less. */
    private static final Pattern INDEX = Pattern.compile("[a-z0-9.][a-z0-9._-]{0,199}");

    /** Nothing that a server takes for metadata, or for a path. */
    private static final Pattern MEMBER = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,63}");
    private static final Pattern DURATION = Pattern.compile("(0|[1-9][0-9]{0,8})(s|m|h|d)");

    /**
     * Takes the settings out of the map that a pipeline gives, which keeps what is none.
     *
     * @throws IllegalArgumentException with the name of a setting that is wrong, and why
     */
    public static Options take(Map<String, Object> config) {
        String space = matching(config, "space", "default", SPACE);
        String rulesIndex = matching(config, "rules_index", null, INDEX);
        String alertsIndex = matching(config, "alerts_index", ".firstseen-alerts-" + space, INDEX);
        String stateIndex = matching(config, "state_index", ".firstseen-state", INDEX);
        if (stateIndex.equals(alertsIndex) || stateIndex.equals(rulesIndex) || alertsIndex.equals(rulesIndex)) {
            throw new IllegalArgumentException("[alerts_index], [state_index] and [rules_index] must differ");
        }
        return new Options(
            folder(text(config, "rules_path", "")),
            rulesIndex,
            alertsIndex,
            choice(config, "state", Place.INDEX),
            stateIndex,
            matching(config, "target_field", "firstseen", MEMBER),
            duration(config, "learn"),
            choice(config, "clock", Clock.ARRIVAL),
            choice(config, "format", Format.KIBANA),
            space);
    }

    private static String text(Map<String, Object> config, String name, String otherwise) {
        Object value = config.remove(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text && !text.isEmpty()) {
            return text;
        }
        throw new IllegalArgumentException("[" + name + "] is no text: " + value);
    }

    private static String folder(String path) {
        boolean leaves = path.startsWith("/") || path.contains("\\") || Arrays.asList(path.split("/")).contains("..");
        if (leaves) {
            throw new IllegalArgumentException("[rules_path] is no folder below config/firstseen: " + path);
        }
        return path;
    }

    private static String matching(Map<String, Object> config, String name, String otherwise, Pattern pattern) {
        String value = text(config, name, otherwise);
        if (value == null || pattern.matcher(value).matches()) {
            return value;
        }
        throw new IllegalArgumentException("[" + name + "] is not as " + pattern + " has it: " + value);
    }

    private static <E extends Enum<E>> E choice(Map<String, Object> config, String name, E otherwise) {
        String value = text(config, name, otherwise.name().toLowerCase(Locale.ROOT));
        E[] choices = otherwise.getDeclaringClass().getEnumConstants();
        for (E choice : choices) {
            if (choice.name().toLowerCase(Locale.ROOT).equals(value)) {
                return choice;
            }
        }
        String known = Arrays.toString(choices).toLowerCase(Locale.ROOT);
        throw new IllegalArgumentException("[" + name + "] is none of " + known + ": " + value);
    }

    private static long duration(Map<String, Object> config, String name) {
        String value = text(config, name, "0s");
        Matcher parts = DURATION.matcher(value);
        if (!parts.matches()) {
            throw new IllegalArgumentException("[" + name + "] is no duration such as 12h or 5d: " + value);
        }
        long unit = switch (parts.group(2)) {
            case "s" -> 1000L;
            case "m" -> 60_000L;
            case "h" -> 3_600_000L;
            default -> 86_400_000L;
        };
        return Long.parseLong(parts.group(1)) * unit;
    }
}
