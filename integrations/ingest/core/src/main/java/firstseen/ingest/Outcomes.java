package firstseen.ingest;

import firstseen.ingest.Cluster.Outcome;
import java.util.List;

/** What became of several changes together. */
final class Outcomes {
    private Outcomes() {}

    /** Whether all were done; if one failed, that is thrown. */
    static boolean allDone(List<Outcome> outcomes) {
        for (Outcome outcome : outcomes) {
            if (outcome.kind() == Outcome.Kind.FAILED || outcome.kind() == Outcome.Kind.BUSY) {
                throw new IllegalStateException(outcome.cause());
            }
        }
        return outcomes.stream().allMatch(outcome -> outcome.kind() == Outcome.Kind.DONE);
    }
}
