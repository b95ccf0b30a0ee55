package firstseen.ingest;

import firstseen.Configuration;
import firstseen.Configuration.Document;
import java.util.ArrayList;
import java.util.List;

/**
 * Rules and what belongs to them, by the names of their folders.
 *
 * @param version another one means other rules
 */
record Rules(
    String version, List<Document> rules, List<Document> exceptions, List<Document> valueLists, List<Document> mappings) {

    /** What a document is. */
    enum Kind {
        RULES("rules"),
        EXCEPTIONS("exceptions"),
        VALUE_LISTS("value-lists"),
        MAPPINGS("mappings");

        final String folder;

        Kind(String folder) {
            this.folder = folder;
        }

        static Kind of(String folder) {
            for (Kind kind : values()) {
                if (kind.folder.equals(folder)) {
                    return kind;
                }
            }
            return null;
        }
    }

    Rules(String version) {
        this(version, new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    void add(Kind kind, Document document) {
        List<Document> documents = switch (kind) {
            case RULES -> rules;
            case EXCEPTIONS -> exceptions;
            case VALUE_LISTS -> valueLists;
            case MAPPINGS -> mappings;
        };
        documents.add(document);
    }

    /** What the module is configured with. No rule at all is its built-in one. */
    Configuration configuration(Options options) {
        return new Configuration(rules, exceptions, valueLists, mappings, List.of(), null, options.clock(),
            options.format(), options.space());
    }
}
