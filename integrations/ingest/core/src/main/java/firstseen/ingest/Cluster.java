package firstseen.ingest;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * What the cluster does with documents. No call blocks; each may complete in any thread. What the cluster cannot do
 * now fails with a {@link BusyException}.
 */
public interface Cluster {
    /**
     * Documents by id.
     *
     * @return one each, {@code null} for one that is not there; where the index is not there either all are
     */
    CompletionStage<List<Stored>> get(String index, List<String> ids);

    /** Writes documents, past any pipeline. */
    CompletionStage<List<Outcome>> write(List<Write> writes);

    /** Documents that a query finds, at most so many; none where the index is not there. */
    CompletionStage<List<Stored>> search(String index, Query query, int max);

    /** Whether there is an index, an alias or a data stream of a name, as far as this node knows. */
    boolean exists(String index);

    /** Makes an index; that it is there already is well. */
    CompletionStage<Void> make(Definition index);

    /** An index with its settings and its mapping, in JSON. */
    record Definition(String name, String settings, String mapping) {}

    /**
     * A document as it is stored.
     *
     * @param version what a {@link Write} names to be sure that nobody was faster
     */
    record Stored(String id, Version version, JsonObject source) {}

    /** Where a document stands among all changes of its shard. */
    record Version(long seqNo, long primaryTerm) {}

    /**
     * A change of one document.
     *
     * @param version {@code null}: the document must not be there yet
     * @param source {@code null}: it is removed
     */
    record Write(String index, String id, Version version, String source) {}

    /**
     * What became of a change.
     *
     * @param version the document's from now on, if it was done
     * @param cause a sentence, if it failed
     */
    record Outcome(Kind kind, Version version, String cause) {
        /** What became of it. */
        public enum Kind {
            /** It is done. */
            DONE,
            /** Somebody was faster. */
            CONFLICT,
            /** It may go well a moment later. */
            BUSY,
            /** It goes wrong each time. */
            FAILED
        }
    }

    /** What to look for. */
    sealed interface Query {
        /** All documents, in any order. */
        record All() implements Query {}

        /** Documents whose field is at most so much, in order of it. */
        record AtMost(String field, long value) implements Query {}
    }
}
