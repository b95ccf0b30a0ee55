import firstseen.Configuration;
import firstseen.Configuration.Clock;
import firstseen.Configuration.Document;
import firstseen.Context;
import firstseen.Detector;
import firstseen.Given;
import firstseen.MemoryStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

/** Reads events as NDJSON, and writes their alerts: Filter [RULES...]; without rules the built-in one. */
final class Filter {
    private static final int BATCH_BYTES = 256 << 10;

    public static void main(String[] files) throws IOException {
        List<Document> rules = new ArrayList<>();
        for (String file : files) {
            rules.add(new Document(file, Files.readString(Path.of(file))));
        }
        Configuration configuration = new Configuration(
            rules, List.of(), List.of(), List.of(), List.of(), null, Clock.EVENT, null, null);
        Detector detector = new Detector(configuration, new MemoryStore());
        detector.reports().stream().filter(report -> report.refused() != null).forEach(report ->
            System.err.println(report.refused()));
        ByteArrayOutputStream batch = new ByteArrayOutputStream();
        try (Scanner events = new Scanner(System.in, StandardCharsets.UTF_8).useDelimiter("\n")) {
            while (events.hasNext()) {
                batch.writeBytes((events.next() + "\n").getBytes(StandardCharsets.UTF_8));
                if (batch.size() >= BATCH_BYTES) {
                    write(detector, batch);
                }
            }
        }
        write(detector, batch);
    }

    private static void write(Detector detector, ByteArrayOutputStream batch) {
        Given given = detector.evaluate(batch.toByteArray(), new Context(System.currentTimeMillis())).join();
        given.alerts().forEach(alert -> System.out.println(alert.document()));
        given.unjudged().forEach(line -> System.err.println("not judged in full: " + line));
        batch.reset();
    }
}
