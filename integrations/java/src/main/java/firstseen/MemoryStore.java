package firstseen;

import firstseen.Given.Alert;
import firstseen.Sighting.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Lives as long as the process, and forgets nothing. It is of one detector. */
public final class MemoryStore implements Store {
    private record Term(String history, String term) {}

    private record Interval(String history, long number) {}

    private final Map<Term, TreeSet<Long>> times = new HashMap<>();
    private final Map<Interval, Long> used = new HashMap<>();
    private final Deque<Runnable> undo = new ArrayDeque<>();

    @Override
    public CompletionStage<Void> begin() {
        return CompletableFuture.completedStage(null);
    }

    @Override
    public CompletionStage<List<Verdict>> answers(List<Sighting> sightings) {
        List<Verdict> verdicts = new ArrayList<>(sightings.size());
        for (Sighting sighting : sightings) {
            verdicts.add(verdict(sighting));
        }
        return CompletableFuture.completedStage(verdicts);
    }

    @Override
    public CompletionStage<Boolean> commit(List<Alert> alerts) {
        undo.clear();
        return CompletableFuture.completedStage(true);
    }

    @Override
    public void rollback() {
        while (!undo.isEmpty()) {
            undo.pop().run();
        }
    }

    private Verdict verdict(Sighting sighting) {
        TreeSet<Long> seen = times.computeIfAbsent(new Term(sighting.history(), sighting.term()), term -> new TreeSet<>());
        long at = sighting.at();
        Long before = seen.floor(at);
        Long after = seen.ceiling(at);
        if (before != null && near(before, at, sighting) || after != null && near(at, after, sighting)) {
            record(seen, at);
            return Verdict.SEEN;
        }
        Interval interval = new Interval(sighting.history(), sighting.interval());
        long alerts = used.getOrDefault(interval, 0L);
        if (alerts >= sighting.quota().max()) {
            return Verdict.DEFERRED;
        }
        used.put(interval, alerts + 1);
        undo.push(() -> used.put(interval, alerts));
        record(seen, at);
        return Verdict.UNSEEN;
    }

    private static boolean near(long earlier, long later, Sighting sighting) {
        return Long.compareUnsigned(later - earlier, sighting.windowMs().bits()) <= 0;
    }

    private void record(TreeSet<Long> seen, long at) {
        if (seen.add(at)) {
            undo.push(() -> seen.remove(at));
        }
    }
}
