package firstseen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import firstseen.Given.Alert;
import firstseen.Sighting.Verdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Runs the cases of integrations/conformance. Its digest is the SHA-256 of the ids and documents of all alerts. */
final class ConformanceTest {
    private static final Gson GSON = new GsonBuilder().serializeNulls().create();

    @Test
    void casesGiveWhatEveryHostGets() throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        List<Path> folders;
        try (Stream<Path> listed = Files.list(Path.of(System.getProperty("firstseen.cases")))) {
            folders = listed.sorted().toList();
        }
        assertFalse(folders.isEmpty());
        for (Path folder : folders) {
            List<JsonElement> transcript = new ArrayList<>();
            for (Alert alert : run(folder, transcript)) {
                digest.update((alert.id() + "\t" + alert.document() + "\n").getBytes(StandardCharsets.UTF_8));
            }
            List<JsonElement> expected = lines(folder.resolve("transcript.ndjson"), JsonElement.class);
            for (int i = 0; i < Math.min(expected.size(), transcript.size()); i++) {
                assertEquals(expected.get(i), transcript.get(i), folder.getFileName() + ", line " + (i + 1));
            }
            assertEquals(expected.size(), transcript.size(), folder.getFileName() + ": lines");
        }
        System.out.println("plain: " + folders.size() + " cases, " + HexFormat.of().formatHex(digest.digest()));
    }

    /** Writes down what is said in a case, and gives its alerts. */
    private static List<Alert> run(Path folder, List<JsonElement> transcript) throws IOException {
        Configuration configuration = GSON.fromJson(Files.readString(folder.resolve("configuration.json")), Configuration.class);
        Detector detector = new Detector(configuration, new Recorder(transcript));
        detector.reports().forEach(report -> add(transcript, "report", present(report)));
        List<Alert> alerts = new ArrayList<>();
        int number = 0;
        for (Context context : lines(folder.resolve("contexts.ndjson"), Context.class)) {
            String name = "batch-" + ++number + ".ndjson";
            add(transcript, "batch", name);
            Given given = detector.evaluate(Files.readAllBytes(folder.resolve(name)), context).join();
            alerts.addAll(given.alerts());
            given.alerts().forEach(alert -> add(transcript, "given", of("alert", alert)));
            given.unjudged().forEach(line -> add(transcript, "given", of("unjudged", line)));
            given.remarks().forEach(remark -> add(transcript, "given", of("remark", remark)));
            add(transcript, "given", of("summary", given.summary()));
        }
        return alerts;
    }

    /** A memory that writes down what it is asked, and what it answers. */
    private static final class Recorder implements Store {
        private final MemoryStore memory = new MemoryStore();
        private final List<JsonElement> transcript;

        Recorder(List<JsonElement> transcript) {
            this.transcript = transcript;
        }

        @Override
        public CompletionStage<Void> begin() {
            return memory.begin();
        }

        @Override
        public CompletionStage<List<Verdict>> answers(List<Sighting> sightings) {
            return memory.answers(sightings).thenApply(verdicts -> {
                for (int i = 0; i < verdicts.size(); i++) {
                    JsonObject said = of("question", of("sighting", sightings.get(i)));
                    said.add("answer", of("sighting", verdicts.get(i)));
                    transcript.add(normal(said));
                }
                return verdicts;
            });
        }

        @Override
        public CompletionStage<Boolean> commit(List<Alert> alerts) {
            return memory.commit(alerts);
        }

        @Override
        public void rollback() {
            memory.rollback();
        }
    }

    private static JsonObject of(String name, Object value) {
        JsonObject object = new JsonObject();
        object.add(name, GSON.toJsonTree(value));
        return object;
    }

    private static void add(List<JsonElement> transcript, String name, Object value) {
        transcript.add(normal(of(name, value)));
    }

    /** A report with the one member that is there. */
    private static JsonObject present(Report report) {
        JsonObject object = GSON.toJsonTree(report).getAsJsonObject();
        List.copyOf(object.keySet()).stream().filter(name -> object.get(name).isJsonNull()).forEach(object::remove);
        return object;
    }

    /** The same with numbers as a text has them. */
    private static JsonElement normal(JsonElement json) {
        return JsonParser.parseString(GSON.toJson(json));
    }

    private static <T> List<T> lines(Path path, Class<T> type) throws IOException {
        try (Stream<String> lines = Files.lines(path)) {
            return lines.map(line -> GSON.fromJson(line, type)).toList();
        }
    }
}
