package firstseen.ingest;

import firstseen.Given.Alert;
import firstseen.MemoryStore;
import firstseen.Sighting;
import firstseen.Sighting.Verdict;
import firstseen.Store;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** No state: each batch is the first. */
final class Forgetful implements Store {
    private final MemoryStore memory = new MemoryStore();

    @Override
    public CompletionStage<Void> begin() {
        return memory.begin();
    }

    @Override
    public CompletionStage<List<Verdict>> answers(List<Sighting> sightings) {
        return memory.answers(sightings);
    }

    @Override
    public CompletionStage<Boolean> commit(List<Alert> alerts) {
        memory.rollback();
        return CompletableFuture.completedStage(true);
    }

    @Override
    public void rollback() {
        memory.rollback();
    }
}
