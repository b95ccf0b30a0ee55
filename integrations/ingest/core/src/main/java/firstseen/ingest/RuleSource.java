package firstseen.ingest;

import java.util.concurrent.CompletionStage;

/** Where rules come from. */
interface RuleSource {
    /** The rules as they are now; {@code null} if their version is still the one given. */
    CompletionStage<Rules> read(String version);

    /** For messages. */
    String place();
}
