package firstseen.ingest;

/** A batch asks more than the state answers at once. */
final class TooMuchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooMuchException(int questions, long bytes) {
        super("it asks " + questions + " questions of " + bytes + " bytes, or more");
    }
}
