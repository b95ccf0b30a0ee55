package firstseen.ingest;

import firstseen.ingest.Cluster.Definition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The indices that detection writes to: hidden, with fields that no event can add to. */
final class Indices {
    private static final String STATE_SETTINGS = """
        {"index": {"hidden": true, "number_of_shards": 1, "auto_expand_replicas": "0-1"}}""";

    /** What is not here is kept, and found by nothing. */
    private static final String STATE_MAPPING = """
        {"dynamic": false, "properties": {"kind": {"type": "keyword"}, "expires": {"type": "long"},
        "held_since": {"type": "long"}, "history": {"type": "keyword", "ignore_above": 1024}}}""";

    private static final String ALERTS_SETTINGS = """
        {"index": {"hidden": true, "number_of_shards": 1, "auto_expand_replicas": "0-1",
        "mapping": {"ignore_malformed": true, "total_fields": {"limit": 2500}, "depth": {"limit": 200}}}}""";

    private Indices() {}

    static List<Definition> of(Options options) {
        Definition state = new Definition(options.stateIndex(), STATE_SETTINGS, STATE_MAPPING);
        Definition alerts = new Definition(options.alertsIndex(), ALERTS_SETTINGS, alertsMapping());
        return switch (options.state()) {
            case INDEX -> List.of(state, alerts);
            case FILE -> List.of(alerts);
            case NONE -> List.of();
        };
    }

    private static String alertsMapping() {
        try (InputStream fields = Indices.class.getResourceAsStream("alert-fields.json")) {
            return "{\"dynamic\": false, \"properties\": " + new String(fields.readAllBytes(), StandardCharsets.UTF_8) + "}";
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
