package firstseen.ingest;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** A document in a pipeline. */
public interface Event {
    /** What it is bound for. */
    String index();

    /** Its {@code _id}; {@code null}: it gets one later. */
    String id();

    /** Its source on one line, without the alerts in a member: they are none of the event's own. */
    byte[] json(String without) throws IOException;

    /** Whether it goes nowhere, as far as the node lets that be known. */
    boolean isSimulated();

    /** Puts its alerts into a member. */
    void put(String field, List<Map<String, Object>> alerts);

    /** Hands it on; with an error it was not judged. */
    void done(Exception error);
}
