package firstseen.ingest;

import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Cluster.Version;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Where the state lies: documents by id, each changed only by who knows its present version. */
public interface Documents {
    /** One each, {@code null} for one that is not there. */
    CompletionStage<List<Stored>> get(List<String> ids);

    /** What became of each change. */
    CompletionStage<List<Outcome>> write(List<Change> changes);

    /** Documents whose number in a field is at most so much, the lowest first. */
    CompletionStage<List<Stored>> atMost(String field, long value, int max);

    /** A change of one document; see {@link Cluster.Write}. */
    record Change(String id, Version version, String source) {}
}
