package firstseen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import firstseen.Configuration.Document;
import firstseen.Given.Alert;
import firstseen.Sighting.Quota;
import firstseen.Sighting.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

final class DetectorTest {
    private static final byte[] EVENT = bytes("{\"@timestamp\":\"2026-11-24T12:00:00Z\",\"message\":\"well\"}\n");
    private static final Context CONTEXT = new Context(1_795_521_600_000L);

    /** A rule that matches all events. */
    private static final Configuration EVERYTHING = new Configuration(List.of(new Document("all.json", """
        {"rule_id": "all", "name": "All", "description": "Invented.", "risk_score": 21, "severity": "low",
        "type": "query", "language": "kuery", "query": "*", "index": ["logs-*"], "from": "now-6m", "interval": "5m"}
        """)));

    @Test
    void withoutARuleNothingIsEvaluated() {
        Detector detector = new Detector(new Configuration(List.of(new Document("broken.json", "{"))), new MemoryStore());
        assertNotNull(detector.reports().getFirst().refused());
        assertInstanceOf(NotConfiguredException.class, failure(detector.evaluate(EVENT, CONTEXT)));
    }

    @Test
    void whatIsWrongIsSaidAndDoesNoHarm() {
        Detector detector = new Detector(EVERYTHING, new MemoryStore());
        assertInstanceOf(InvalidException.class, failure(detector.evaluate(new byte[] {(byte) 0xff, '\n'}, CONTEXT)));
        Context wrong = new Context(0, List.of(), List.of(0, 0, 0), List.of(), null, List.of());
        assertInstanceOf(InvalidException.class, failure(detector.evaluate(EVENT, wrong)));
        assertEquals(1, detector.evaluate(EVENT, CONTEXT).join().alerts().size());
    }

    /** A store in which commits go as they are told. */
    private static final class Told implements Store {
        final MemoryStore memory = new MemoryStore();
        final Queue<Supplier<CompletionStage<Boolean>>> commits = new ArrayDeque<>();
        int judged;

        @Override
        public CompletionStage<Void> begin() {
            return memory.begin();
        }

        @Override
        public CompletionStage<List<Verdict>> answers(List<Sighting> sightings) {
            judged++;
            return memory.answers(sightings);
        }

        @Override
        public CompletionStage<Boolean> commit(List<Alert> alerts) {
            return commits.isEmpty() ? memory.commit(alerts) : commits.remove().get();
        }

        @Override
        public void rollback() {
            memory.rollback();
        }
    }

    @Test
    void aCommitThatFailsLeavesNothing() {
        Told store = new Told();
        store.commits.add(() -> CompletableFuture.failedStage(new IllegalStateException("broken")));
        store.commits.add(() -> {
            throw new IllegalStateException("broken at once");
        });
        Detector detector = new Detector(EVERYTHING, store);
        assertEquals("broken", failure(detector.evaluate(EVENT, CONTEXT)).getMessage());
        assertEquals("broken at once", failure(detector.evaluate(EVENT, CONTEXT)).getMessage());
        assertEquals(1, detector.evaluate(EVENT, CONTEXT).join().alerts().size());
        assertEquals(0, detector.evaluate(EVENT, CONTEXT).join().alerts().size());
    }

    @Test
    void aBatchIsJudgedAgainWhereAnotherWasFirst() {
        Told store = new Told();
        store.commits.add(() -> CompletableFuture.completedStage(false));
        Detector detector = new Detector(EVERYTHING, store);
        assertEquals(1, detector.evaluate(EVENT, CONTEXT).join().alerts().size());
        assertEquals(2, store.judged);
        for (int i = 0; i < 1000; i++) {
            store.commits.add(() -> CompletableFuture.completedStage(false));
        }
        assertInstanceOf(IllegalStateException.class, failure(detector.evaluate(EVENT, CONTEXT)));
    }

    @Test
    void anInterruptEndsACallAndTheNextIsAsGoodAsAny() throws Exception {
        Detector detector = new Detector(EVERYTHING, new MemoryStore());
        byte[] batch = bytes("{\"message\":\"well\"}\n".repeat(500_000));
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        Thread thread = new Thread(() -> failed.complete(failure(detector.evaluate(batch, CONTEXT))));
        thread.start();
        Thread.sleep(100);
        thread.interrupt();
        assertInstanceOf(ModuleException.class, failed.join());
        thread.join();
        assertEquals(1, detector.evaluate(EVENT, CONTEXT).join().alerts().size());
    }

    @Test
    void aDeadlineEndsACallAndTheNextIsAsGoodAsAny() {
        try (ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor()) {
            Detector detector = new Detector(EVERYTHING, new MemoryStore(), new Limits(1 << 30, 600_000, 100, scheduler));
            byte[] batch = bytes("{\"message\":\"well\"}\n".repeat(3_000_000));
            assertInstanceOf(ModuleException.class, failure(detector.evaluate(batch, CONTEXT)));
            assertFalse(Thread.currentThread().isInterrupted());
            assertEquals(1, detector.evaluate(EVENT, CONTEXT).join().alerts().size());
        }
    }

    @Test
    void anInstanceWithoutMemoryIsReplaced() {
        Detector detector = new Detector(EVERYTHING, new MemoryStore(), new Limits(16 << 20, Long.MAX_VALUE, Long.MAX_VALUE, null));
        byte[] batch = bytes("{\"message\":\"well\"}\n".repeat(1_500_000));
        assertThrows(CompletionException.class, () -> detector.evaluate(batch, CONTEXT).join());
        assertEquals(1, detector.evaluate(EVENT, CONTEXT).join().alerts().size());
    }

    @Test
    void theMemoryJudgesByWindowAndQuota() {
        MemoryStore memory = new MemoryStore();
        long[][] asked = {{-1, 5}, {4, 5}, {-6, 5}, {-10, 1}, {10, 5}, {Long.MIN_VALUE, 5}, {Long.MAX_VALUE, 5}, {0, -1}};
        List<Verdict> expected = List.of(Verdict.UNSEEN, Verdict.SEEN, Verdict.SEEN, Verdict.DEFERRED, Verdict.UNSEEN,
            Verdict.UNSEEN, Verdict.UNSEEN, Verdict.SEEN);
        for (int round = 0; round < 2; round++) {
            List<Sighting> sightings = Arrays.stream(asked)
                .map(of -> new Sighting("h", "t", of[0], new Unsigned(of[1]), "e", new Quota(1, new Unsigned(10))))
                .toList();
            assertEquals(expected, memory.answers(sightings).toCompletableFuture().join());
            memory.rollback();
        }
    }

    private static Throwable failure(CompletableFuture<Given> given) {
        return Failures.cause(assertThrows(CompletionException.class, given::join));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
