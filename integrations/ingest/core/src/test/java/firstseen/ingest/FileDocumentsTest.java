package firstseen.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Documents.Change;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileDocumentsTest {
    @TempDir
    Path folder;

    private static List<Outcome> write(FileDocuments documents, Change... changes) {
        return documents.write(Arrays.asList(changes)).toCompletableFuture().join();
    }

    private static Stored get(FileDocuments documents, String id) {
        return documents.get(List.of(id)).toCompletableFuture().join().getFirst();
    }

    private static List<String> atMost(FileDocuments documents, String field, long value) {
        return documents.atMost(field, value, 10).toCompletableFuture().join().stream().map(Stored::id).toList();
    }

    @Test
    void onlyWhoKnowsTheVersionChangesADocument() {
        try (FileDocuments documents = new FileDocuments(folder)) {
            assertEquals(null, get(documents, "a"));
            Outcome made = write(documents, new Change("a", null, "{\"n\":1}")).getFirst();
            assertEquals(Outcome.Kind.CONFLICT, write(documents, new Change("a", null, "{}")).getFirst().kind());
            Outcome changed = write(documents, new Change("a", made.version(), "{\"n\":2}")).getFirst();
            assertEquals(Outcome.Kind.DONE, changed.kind());
            assertEquals(Outcome.Kind.CONFLICT, write(documents, new Change("a", made.version(), "{}")).getFirst().kind());
            assertEquals(2, get(documents, "a").source().get("n").getAsInt());
            assertEquals(changed.version(), get(documents, "a").version());
            assertEquals(Outcome.Kind.DONE, write(documents, new Change("a", changed.version(), null)).getFirst().kind());
            assertEquals(null, get(documents, "a"));
            assertEquals(Outcome.Kind.CONFLICT, write(documents, new Change("a", changed.version(), "{}")).getFirst().kind());
        }
    }

    /** A copy of the file as it lies there is what a node finds that was killed. */
    @Test
    void whatWasWrittenIsThereAfterAKill() throws Exception {
        try (FileDocuments documents = new FileDocuments(folder)) {
            for (int i = 0; i < 100; i++) {
                write(documents, new Change("d" + i, null, "{\"expires\":" + i + "}"));
            }
            Path killed = Files.createDirectory(folder.resolve("killed"));
            Files.copy(folder.resolve("state.mv"), killed.resolve("state.mv"), StandardCopyOption.REPLACE_EXISTING);
            try (FileDocuments found = new FileDocuments(killed)) {
                assertEquals(99, get(found, "d99").source().get("expires").getAsInt());
                Outcome next = write(found, new Change("more", null, "{}")).getFirst();
                assertEquals(101, next.version().seqNo());
            }
        }
    }

    @Test
    void documentsAreFoundByTheirNumbers() {
        try (FileDocuments documents = new FileDocuments(folder)) {
            Outcome b = write(documents, new Change("a", null, "{\"expires\":30,\"held_since\":7}"),
                new Change("b", null, "{\"expires\":10}"), new Change("c", null, "{\"kind\":\"since\"}")).get(1);
            assertEquals(List.of("b", "a"), atMost(documents, "expires", 30));
            assertEquals(List.of("b"), atMost(documents, "expires", 29));
            assertEquals(List.of("a"), atMost(documents, "held_since", 7));
            write(documents, new Change("b", b.version(), "{\"expires\":40}"));
            assertEquals(List.of("a", "b"), atMost(documents, "expires", 99));
        }
    }
}
