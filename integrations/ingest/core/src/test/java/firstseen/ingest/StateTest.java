package firstseen.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import firstseen.Given.Alert;
import firstseen.Sighting;
import firstseen.Sighting.Quota;
import firstseen.Sighting.Verdict;
import firstseen.Unsigned;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Nodes judge events together, and die. */
final class StateTest {
    private static final String STATE = "state";
    private static final String ALERTS = "alerts";
    private static final String HISTORY = "[\"rule\"]";
    private static final long WINDOW_MS = 1_000_000;
    private static final long INTERVAL_MS = 300_000;

    private final List<String> warnings = new ArrayList<>();
    private long now = 10_000_000;

    /** An event and the term that it brings. */
    private record Event(String name, String term) {}

    /** A node with one worker. */
    private final class Node {
        final World.Link link;
        final State state;
        private final long quota;

        Node(World world, long quota, long learnMs) {
            this.quota = quota;
            link = world.new Link();
            Documents documents = new IndexDocuments(link, STATE);
            state = new State(documents, new Alerts(link, documents, ALERTS, () -> now, warnings::add), new Known(2), learnMs, () -> now, Runnable::run);
            state.knows(List.of(HISTORY), Map.of(HISTORY, now));
        }

        /** What the module does with a batch, and the detector with the store: the alerts by their events. */
        CompletionStage<Map<String, String>> evaluate(List<Event> batch) {
            return attempt(batch);
        }

        private CompletionStage<Map<String, String>> attempt(List<Event> batch) {
            List<Sighting> sightings = batch.stream()
                .map(event -> new Sighting(HISTORY, event.term, now, new Unsigned(WINDOW_MS), event.name,
                    new Quota(quota, new Unsigned(INTERVAL_MS))))
                .toList();
            Map<String, String> byEvent = new HashMap<>();
            List<Alert> alerts = new ArrayList<>();
            return state.begin().thenCompose(begun -> state.answers(sightings)).thenCompose(verdicts -> {
                for (int i = 0; i < batch.size(); i++) {
                    if (verdicts.get(i) == Verdict.UNSEEN || verdicts.get(i) == Verdict.REPLAYED) {
                        String id = batch.get(i).term + " by " + batch.get(i).name;
                        JsonObject document = new JsonObject();
                        document.addProperty("term", batch.get(i).term);
                        alerts.add(new Alert(0L, batch.get(i).term, id, document.toString(), List.of()));
                        byEvent.put(batch.get(i).name, id);
                    }
                }
                return state.commit(alerts);
            }).thenCompose(kept -> kept ? CompletableFuture.completedStage(byEvent) : attempt(batch));
        }
    }

    private Map<String, Integer> alertsByTerm(World world) {
        Map<String, Integer> counts = new TreeMap<>();
        world.sources(ALERTS).forEach(source -> {
            JsonObject alert = JsonParser.parseString(source).getAsJsonObject();
            counts.merge(alert.get("term").getAsString(), 1, Integer::sum);
        });
        return counts;
    }

    private void sweep(World world, Node node) {
        now += 120_000;
        Documents documents = new IndexDocuments(node.link, STATE);
        new Sweeper(documents, new Alerts(node.link, documents, ALERTS, () -> now, warnings::add), () -> now).sweep();
        world.settle();
    }

    /** Each term alerts once, whoever dies when, and no event goes on before its alert is stored. */
    @Test
    void eachTermAlertsOnceWhateverNodesDie() {
        int deaths = 0;
        int replays = 0;
        for (long seed = 0; seed < 3000; seed++) {
            now = 10_000_000;
            World world = new World(seed);
            List<Node> nodes = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                nodes.add(new Node(world, 1000, 0));
            }
            Deque<List<Event>> open = new ArrayDeque<>();
            int name = 0;
            for (int batch = 0; batch < 6; batch++) {
                List<Event> events = new ArrayList<>();
                for (int i = 0; i <= world.random().nextInt(4); i++) {
                    events.add(new Event("event-" + name++, "[\"term-" + world.random().nextInt(5) + "\"]"));
                }
                open.add(events);
            }
            List<String> wrong = new ArrayList<>();
            boolean[] busy = new boolean[3];
            List<List<Event>> on = new ArrayList<>(Arrays.asList(null, null, null));
            while (!open.isEmpty() || busy[0] || busy[1] || busy[2]) {
                int number = world.random().nextInt(3);
                if (!busy[number] && !open.isEmpty()) {
                    List<Event> batch = open.poll();
                    busy[number] = true;
                    on.set(number, batch);
                    nodes.get(number).evaluate(batch).whenComplete((alerts, error) -> {
                        if (error != null) {
                            wrong.add(error.toString());
                        } else {
                            alerts.values().stream().filter(id -> !world.has(ALERTS, id)).forEach(wrong::add);
                        }
                        busy[number] = false;
                    });
                } else if (busy[number] && world.random().nextInt(40) == 0) {
                    deaths++;
                    nodes.get(number).link.die();
                    nodes.set(number, new Node(world, 1000, 0));
                    busy[number] = false;
                    // Whoever sent it had no answer.
                    open.add(on.get(number));
                }
                world.step();
            }
            assertEquals(List.of(), wrong);
            world.settle();
            sweep(world, nodes.getFirst());
            alertsByTerm(world).forEach((term, count) -> assertEquals(1, count, term));
            List<String> held = world.sources(STATE).filter(source -> source.contains("held_since")).toList();
            assertEquals(List.of(), held);
            long terms = world.sources(STATE).filter(source -> source.contains("\"kind\":\"term\"")).count();
            assertEquals(terms, alertsByTerm(world).size());
            // The same again raises nothing new.
            int before = alertsByTerm(world).values().stream().mapToInt(Integer::intValue).sum();
            for (List<Event> batch : on) {
                if (batch != null) {
                    nodes.getFirst().evaluate(batch);
                    world.settle();
                    replays++;
                }
            }
            assertEquals(before, alertsByTerm(world).values().stream().mapToInt(Integer::intValue).sum());
        }
        assertTrue(deaths > 1000 && replays > 1000, deaths + " deaths, " + replays + " replays");
    }

    /**
     * Nine terms and a quota of four give four alerts. Where nodes meet over the same seven terms there may be fewer:
     * a claim that comes to nothing is in the way until it is given back.
     */
    @Test
    void nodesShareAQuota() {
        for (long seed = 0; seed < 500; seed++) {
            int terms = seed % 2 == 0 ? 9 : 7;
            World world = new World(seed);
            List<CompletionStage<Map<String, String>>> all = new ArrayList<>();
            for (int node = 0; node < 3; node++) {
                Node one = new Node(world, 4, 0);
                List<Event> batch = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    batch.add(new Event("event-" + node + "-" + i, "[\"term-" + (node * 3 + i) % terms + "\"]"));
                }
                all.add(one.evaluate(batch));
            }
            world.settle();
            all.forEach(stage -> assertTrue(stage.toCompletableFuture().isDone()));
            int alerts = alertsByTerm(world).size();
            assertTrue(terms == 9 ? alerts == 4 : alerts >= 1 && alerts <= 4, alerts + " alerts");
            now += INTERVAL_MS;
            new Node(world, 4, 0).evaluate(List.of(new Event("late", "[\"term-late\"]")));
            world.settle();
            assertEquals(alerts + 1, alertsByTerm(world).size());
        }
    }

    @Test
    void aRuleThatLearnsRaisesNothingAndRemembers() {
        World world = new World(1);
        Node node = new Node(world, 10, 1000);
        CompletionStage<Map<String, String>> learned = node.evaluate(List.of(new Event("a", "[\"t\"]")));
        world.settle();
        assertEquals(Map.of(), learned.toCompletableFuture().join());
        now += 1000;
        CompletionStage<Map<String, String>> judged =
            node.evaluate(List.of(new Event("b", "[\"t\"]"), new Event("c", "[\"u\"]")));
        world.settle();
        assertEquals(Map.of("c", "[\"u\"] by c"), judged.toCompletableFuture().join());
    }

    @Test
    void anAlertThatCannotBeStoredIsKept() {
        World world = new World(1);
        Node node = new Node(world, 10, 0);
        world.failing.add(ALERTS);
        CompletionStage<Map<String, String>> judged = node.evaluate(List.of(new Event("a", "[\"t\"]")));
        world.settle();
        assertEquals(Map.of("a", "[\"t\"] by a"), judged.toCompletableFuture().join());
        assertEquals(1, warnings.size());
        assertEquals(Map.of(), alertsByTerm(world));
        sweep(world, node);
        assertEquals(Map.of("[\"t\"]", 1), alertsByTerm(world));
    }

    @Test
    void aBatchThatFailedGivesItsPlacesBack() {
        World world = new World(1);
        Node node = new Node(world, 1, 0);
        // The claim is written, the term is not.
        world.failing.add(Keys.term(HISTORY, "[\"t\"]"));
        CompletionStage<Map<String, String>> failed = node.evaluate(List.of(new Event("a", "[\"t\"]")));
        world.settle();
        assertTrue(failed.toCompletableFuture().isCompletedExceptionally());
        node.state.rollback();
        node.evaluate(List.of(new Event("b", "[\"u\"]")));
        world.settle();
        node.evaluate(List.of(new Event("c", "[\"v\"]")));
        world.settle();
        assertEquals(1, alertsByTerm(world).size());
    }

    /** What a term's own event brings again it is told again, as long as the term is known. */
    @Test
    void anEventThatComesAgainHasItsAlertAgain() {
        World world = new World(1);
        Node node = new Node(world, 10, 0);
        node.evaluate(List.of(new Event("a", "[\"t\"]"), new Event("b", "[\"t\"]")));
        world.settle();
        CompletionStage<Map<String, String>> again =
            node.evaluate(List.of(new Event("b", "[\"t\"]"), new Event("a", "[\"t\"]")));
        world.settle();
        assertEquals(Map.of("a", "[\"t\"] by a"), again.toCompletableFuture().join());
    }

    @Test
    void whatIsKnownIsSeldomWritten() {
        World world = new World(1);
        Node node = new Node(world, 10, 0);
        node.evaluate(List.of(new Event("a", "[\"t\"]")));
        world.settle();
        List<String> before = world.sources(STATE).toList();
        for (int i = 0; i < 50; i++) {
            now += WINDOW_MS / 100 / 60;
            node.evaluate(List.of(new Event("b" + i, "[\"t\"]")));
            world.settle();
        }
        assertEquals(before, world.sources(STATE).toList());
        for (int i = 0; i < 1000; i++) {
            now += WINDOW_MS / 100;
            node.evaluate(List.of(new Event("c" + i, "[\"t\"]")));
            world.settle();
        }
        assertEquals(Map.of("[\"t\"]", 1), alertsByTerm(world));
    }

    @Test
    void whatMayBeForgottenIs() {
        World world = new World(1);
        Node node = new Node(world, 10, 0);
        node.evaluate(List.of(new Event("a", "[\"t\"]")));
        world.settle();
        sweep(world, node);
        assertEquals(2, world.sources(STATE).count());
        now += 2 * 24 * 60 * 60 * 1000L;
        sweep(world, node);
        assertEquals(List.of(), world.sources(STATE).toList());
    }
}
