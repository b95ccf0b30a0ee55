package firstseen.ingest;

import firstseen.Context;
import firstseen.Context.Cause;
import firstseen.Context.SetApart;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Events as the module takes them: a line each. */
final class Batch {
    /** What a line may cost, in units of the contract. */
    private static final long LINE_WORK_MAX = 50_000_000;

    /** A longer line is not shown to the module. */
    static final int LINE_BYTES_MAX = 16 << 20;

    private static final int BEGINNING_BYTES = 1024;

    private final List<Line> lines;

    /** An event and its text. */
    record Line(Event event, byte[] json) {}

    Batch(List<Line> lines) {
        this.lines = lines;
    }

    List<Line> lines() {
        return lines;
    }

    List<Event> events() {
        return lines.stream().map(Line::event).toList();
    }

    /** One of its halves. */
    Batch part(int from, int to) {
        return new Batch(lines.subList(from, to));
    }

    /** The text; empty lines stand for those that are set apart. */
    byte[] text(boolean failed) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (Line line : lines) {
            if (cause(line, failed) == null) {
                text.writeBytes(line.json);
            }
            text.write('\n');
        }
        return text.toByteArray();
    }

    /** The context; with {@code failed} the module failed on its only line. */
    Context context(long arrival, boolean failed) {
        Map<String, Integer> targets = new LinkedHashMap<>();
        List<Integer> targetOf = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        List<SetApart> setApart = new ArrayList<>();
        for (Line line : lines) {
            Integer target = targets.get(line.event.index());
            if (target == null) {
                target = targets.size();
                targets.put(line.event.index(), target);
            }
            targetOf.add(target);
            ids.add(line.event.id() == null ? "" : line.event.id());
            Cause cause = cause(line, failed);
            if (cause != null) {
                setApart.add(new SetApart(ids.size() - 1, cause, Keys.event(line.json), beginning(line.json)));
            }
        }
        return new Context(arrival, List.copyOf(targets.keySet()), targetOf, ids, LINE_WORK_MAX, setApart);
    }

    private static Cause cause(Line line, boolean failed) {
        if (failed) {
            return Cause.FAILED;
        }
        return line.json.length > LINE_BYTES_MAX ? Cause.TOO_LONG : null;
    }

    private static String beginning(byte[] json) {
        int length = Math.min(json.length, BEGINNING_BYTES);
        // A character that is cut is replaced by one of three bytes.
        while (length > 0 && new String(json, 0, length, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8).length > BEGINNING_BYTES) {
            length--;
        }
        return new String(json, 0, length, StandardCharsets.UTF_8);
    }
}
