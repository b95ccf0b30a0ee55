package firstseen;

/** No rule is loaded. */
public final class NotConfiguredException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotConfiguredException() {
        super("no rule is loaded");
    }
}
