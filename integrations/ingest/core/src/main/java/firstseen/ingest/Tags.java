package firstseen.ingest;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import firstseen.Given;
import firstseen.Given.Alert;
import firstseen.Given.Source;
import firstseen.Report;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a document says of its alerts. */
public final class Tags {
    private static final String OWN_RULE = "Event Not Fully Judged";

    private Tags() {}

    /** By the lines of a batch. */
    static Map<Integer, List<Map<String, Object>>> of(Given given, List<Report.Rule> rules) {
        Map<Integer, List<Map<String, Object>>> tags = new LinkedHashMap<>();
        for (Alert alert : given.alerts()) {
            for (Source source : alert.sources()) {
                tags.computeIfAbsent(source.line(), line -> new ArrayList<>()).add(tag(alert, rules));
            }
        }
        return tags;
    }

    /** A member with alerts, and with what it had before; alerts of another pass stay, each once. */
    public static Map<String, Object> member(Object before, List<Map<String, Object>> alerts) {
        Map<String, Object> member = new HashMap<>();
        Map<Object, Object> byId = new LinkedHashMap<>();
        if (before instanceof Map<?, ?> had) {
            had.forEach((name, value) -> member.put(String.valueOf(name), value));
            if (had.get("alerts") instanceof List<?> earlier) {
                earlier.forEach(alert -> byId.put(alert instanceof Map<?, ?> tag ? tag.get("id") : alert, alert));
            }
        }
        alerts.forEach(alert -> byId.put(alert.get("id"), alert));
        member.put("alerts", new ArrayList<>(byId.values()));
        return member;
    }

    private static Map<String, Object> tag(Alert alert, List<Report.Rule> rules) {
        Map<String, Object> tag = new LinkedHashMap<>();
        tag.put("id", alert.id());
        if (alert.rule() == null) {
            tag.put("rule", OWN_RULE);
        } else {
            Report.Rule rule = rules.get(Math.toIntExact(alert.rule()));
            tag.put("rule_id", rule.ruleId());
            tag.put("rule", rule.name());
        }
        tag.put("terms", terms(alert.term()));
        return tag;
    }

    /** The values of a term, as texts: fields of one name have one type. */
    private static List<String> terms(String term) {
        List<String> terms = new ArrayList<>();
        try {
            for (JsonElement value : JsonParser.parseString(term).getAsJsonArray()) {
                terms.add(value.isJsonPrimitive() ? value.getAsString() : value.toString());
            }
        } catch (JsonParseException | IllegalStateException error) {
            terms.add(term);
        }
        return terms;
    }
}
