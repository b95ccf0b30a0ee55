package firstseen.ingest;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Stages of what is done later. */
final class Stages {
    private Stages() {}

    /** What a call gives; a stage that failed if the call itself does. */
    static <T> CompletionStage<T> of(Supplier<CompletionStage<T>> call) {
        try {
            return call.get();
        } catch (RuntimeException | StackOverflowError error) {
            return CompletableFuture.failedStage(error);
        }
    }
}
