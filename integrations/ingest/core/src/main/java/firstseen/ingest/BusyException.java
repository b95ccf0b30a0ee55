package firstseen.ingest;

/** The cluster cannot do it now, and may a moment later. */
public final class BusyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public BusyException(Throwable cause) {
        super(cause.getMessage(), cause);
    }
}
