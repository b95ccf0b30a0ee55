package firstseen;

import com.google.gson.Gson;
import firstseen.Configuration.Document;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * How fast the module judges events: Speed EVENTS [RULES].
 *
 * <p>The events are passed over again and again. The first pass tells how many alerts there are, those of ten seconds
 * warm up, those of two more are measured. Prints a line of JSON.
 */
final class Speed {
    private static final Context CONTEXT = new Context(1_795_500_000_000L);
    private static final int BATCH_BYTES = 256 << 10;
    private static final double WARM_UP_S = 10;
    private static final double MEASURED_S = 2;

    private record Counts(long events, long alerts) {}

    public static void main(String[] files) throws IOException {
        List<byte[]> events = batches(Files.readAllBytes(Path.of(files[0])));
        List<Document> rules = new ArrayList<>();
        for (String file : List.of(files).subList(1, files.length)) {
            rules.add(new Document(file, Files.readString(Path.of(file))));
        }
        long began = System.nanoTime();
        Detector detector = new Detector(new Configuration(rules), new MemoryStore());
        Counts first = evaluated(detector, events);
        double firstS = secondsSince(began);
        while (secondsSince(began) < firstS + WARM_UP_S) {
            evaluated(detector, events);
        }
        double readyMs = secondsSince(began) * 1000;
        long judged = 0;
        began = System.nanoTime();
        double coreBeganS = onCoreS();
        while (secondsSince(began) < MEASURED_S) {
            judged += evaluated(detector, events).events;
        }
        double tookS = secondsSince(began);
        System.out.println(new Gson().toJson(Map.of(
            "host", "Java",
            "runtime", "Java " + Runtime.version().feature() + ", Chicory " + chicory(),
            "rules", detector.reports().stream().filter(report -> report.loaded() != null).count(),
            "events_per_second", judged / tookS,
            "core_share", (onCoreS() - coreBeganS) / tookS,
            "alerts", first.alerts,
            "ready_ms", readyMs)));
    }

    private static Counts evaluated(Detector detector, List<byte[]> batches) {
        Counts counts = new Counts(0, 0);
        for (byte[] batch : batches) {
            Given given = detector.evaluate(batch, CONTEXT).join();
            counts = new Counts(counts.events + given.summary().events(), counts.alerts + given.alerts().size());
        }
        return counts;
    }

    /** Whole lines, as many as make a batch. */
    private static List<byte[]> batches(byte[] events) {
        List<byte[]> batches = new ArrayList<>();
        for (int start = 0, end = 0; end < events.length;) {
            end++;
            if (end == events.length || end - start >= BATCH_BYTES && events[end - 1] == '\n') {
                batches.add(Arrays.copyOfRange(events, start, end));
                start = end;
            }
        }
        return batches;
    }

    private static double secondsSince(long began) {
        return (System.nanoTime() - began) / 1e9;
    }

    /** The time that processors have spent on this process. */
    private static double onCoreS() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
    }

    private static String chicory() throws IOException {
        Properties properties = new Properties();
        String path = "/META-INF/maven/com.dylibso.chicory/runtime/pom.properties";
        try (InputStream stream = Speed.class.getResourceAsStream(path)) {
            properties.load(stream);
        }
        return properties.getProperty("version");
    }
}
