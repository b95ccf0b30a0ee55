package firstseen;

/** What a call was given is wrong, and the message says how. The call did nothing. */
public final class InvalidException extends RuntimeException {
    private static final long serialVersionUID = 1;

    InvalidException(String message) {
        super(message);
    }
}
