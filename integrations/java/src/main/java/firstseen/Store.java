package firstseen;

import firstseen.Given.Alert;
import firstseen.Sighting.Verdict;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * What answers the questions of a module; {@code wit/state.wit} says what each answer means.
 *
 * <p>A store keeps what a batch recorded only when {@link #commit} comes, together with the alerts of that batch or
 * not at all. Between {@link #begin} and either of {@link #commit} and {@link #rollback} it answers no other batch.
 */
public interface Store {
    /** Waits for the batch's turn. If it fails nothing else is called. */
    CompletionStage<Void> begin();

    /** Answers questions, one each, in order. */
    CompletionStage<List<Verdict>> answers(List<Sighting> sightings);

    /**
     * Keeps what was recorded. False: another one changed in the meantime what the answers were made from; nothing
     * of the batch need be kept, and it is judged again. After that, and if it fails, {@link #rollback} is called.
     */
    CompletionStage<Boolean> commit(List<Alert> alerts);

    /** Drops what was recorded since {@link #begin}. */
    void rollback();
}
