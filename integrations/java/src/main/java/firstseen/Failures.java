package firstseen;

import java.util.concurrent.CompletionException;

/** Failures on their way through stages. */
final class Failures {
    private Failures() {}

    /** A failure without what stages wrapped it into. */
    static Throwable cause(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? cause(error.getCause()) : error;
    }

    /** The same, to be thrown. */
    static CompletionException unchecked(Throwable error) {
        return new CompletionException(cause(error));
    }
}
