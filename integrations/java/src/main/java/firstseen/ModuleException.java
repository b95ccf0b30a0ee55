package firstseen;

/** The module failed, or does not keep to its contract: the instance is thrown away. */
public class ModuleException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ModuleException(String message) {
        super(message);
    }

    ModuleException(String message, Throwable cause) {
        super(message, cause);
    }
}
