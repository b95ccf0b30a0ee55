package firstseen.ingest;

import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A cluster in which everything takes its time: what a node asks for happens, and is answered, in any order, one
 * document at a time. A node that dies gets no answers; what it asked for may still happen.
 */
final class World {
    private record Key(String index, String id) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            return Comparator.comparing(Key::index).thenComparing(Key::id).compare(this, other);
        }
    }

    private record Kept(long seqNo, String source) {}

    private record Step(Link link, Runnable effect) {}

    private final Random random;
    private final Map<Key, Kept> documents = new TreeMap<>();
    private final List<Step> steps = new ArrayList<>();
    private long lastSeqNo;

    /** What is refused, once each: by its index, or by its id. */
    final Set<String> failing = new HashSet<>();

    World(long seed) {
        random = new Random(seed);
    }

    Random random() {
        return random;
    }

    Stream<String> sources(String index) {
        return documents.entrySet().stream().filter(entry -> entry.getKey().index.equals(index)).map(entry -> entry.getValue().source);
    }

    boolean has(String index, String id) {
        return documents.containsKey(new Key(index, id));
    }

    /** Lets one thing happen; false if nothing is left to. */
    boolean step() {
        if (steps.isEmpty()) {
            return false;
        }
        Step step = steps.remove(random.nextInt(steps.size()));
        step.effect.run();
        return true;
    }

    /** Lets everything happen. */
    void settle() {
        while (step()) { }
    }

    /** A node's way to the cluster. */
    final class Link implements Cluster {
        private boolean isDead;

        /** Ends the node. Half of what it asked for never happens. */
        void die() {
            isDead = true;
            steps.removeIf(step -> step.link == this && random.nextBoolean());
        }

        @Override
        public boolean exists(String index) {
            return true;
        }

        @Override
        public CompletionStage<Void> make(Definition index) {
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<List<Stored>> get(String index, List<String> ids) {
            return each(ids.stream().map(id -> (Supplier<Stored>) () -> stored(new Key(index, id))).toList());
        }

        @Override
        public CompletionStage<List<Outcome>> write(List<Write> writes) {
            return each(writes.stream().map(write -> (Supplier<Outcome>) () -> written(write)).toList());
        }

        @Override
        public CompletionStage<List<Stored>> search(String index, Query query, int max) {
            Query.AtMost atMost = (Query.AtMost) query;
            return each(List.<Supplier<List<Stored>>>of(() -> documents.keySet().stream()
                .filter(key -> key.index.equals(index))
                .map(World.this::stored)
                .filter(stored -> stored.source().has(atMost.field())
                    && stored.source().get(atMost.field()).getAsLong() <= atMost.value())
                .limit(max)
                .toList())).thenApply(List::getFirst);
        }

        private <T> CompletionStage<List<T>> each(List<Supplier<T>> effects) {
            CompletableFuture<List<T>> answer = new CompletableFuture<>();
            List<T> results = new ArrayList<>(Collections.nCopies(effects.size(), null));
            int[] open = {effects.size()};
            for (int i = 0; i < effects.size(); i++) {
                int place = i;
                steps.add(new Step(this, () -> {
                    results.set(place, effects.get(place).get());
                    if (--open[0] == 0) {
                        steps.add(new Step(this, () -> {
                            if (!isDead) {
                                answer.complete(results);
                            }
                        }));
                    }
                }));
            }
            if (effects.isEmpty()) {
                answer.complete(results);
            }
            return answer;
        }
    }

    private Cluster.Stored stored(Key key) {
        Kept kept = documents.get(key);
        return kept == null
            ? null
            : new Cluster.Stored(key.id, new Cluster.Version(kept.seqNo, 1), JsonParser.parseString(kept.source).getAsJsonObject());
    }

    private Cluster.Outcome written(Cluster.Write write) {
        if (failing.remove(write.index()) || failing.remove(write.id())) {
            return new Cluster.Outcome(Cluster.Outcome.Kind.FAILED, null, write.index() + " is broken");
        }
        Key key = new Key(write.index(), write.id());
        Kept kept = documents.get(key);
        boolean isMine = write.version() == null ? kept == null : kept != null && kept.seqNo == write.version().seqNo();
        if (!isMine) {
            return new Cluster.Outcome(Cluster.Outcome.Kind.CONFLICT, null, null);
        }
        long seqNo = ++lastSeqNo;
        if (write.source() == null) {
            documents.remove(key);
        } else {
            documents.put(key, new Kept(seqNo, write.source()));
        }
        return new Cluster.Outcome(Cluster.Outcome.Kind.DONE, new Cluster.Version(seqNo, 1), null);
    }
}
