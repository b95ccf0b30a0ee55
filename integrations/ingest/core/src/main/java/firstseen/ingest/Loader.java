package firstseen.ingest;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import firstseen.Configuration;
import firstseen.Limits;
import firstseen.Report;
import firstseen.Store;
import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Documents.Change;
import firstseen.ingest.RunningRules.Loaded;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Makes workers of rules. */
final class Loader {
    private static final long MEMORY_BYTES_MAX = 256L << 20;
    private static final long CONFIGURE_MS_MAX = 120_000;
    private static final long CALL_MS_MAX = 30_000;
    private static final int KNOWN_MAX = 50_000;
    private static final int REFUSED_MAX = 50;

    private final Options options;
    private final Documents documents;
    private final Node node;
    private final RuleSource source;
    private final Alerts alerts;
    private final Known known = new Known(KNOWN_MAX);
    private final Limits limits;
    private final Warnings warnings;

    /** {@code documents}: where the state lies, if that is no index. */
    Loader(Options options, Cluster cluster, Documents documents, Node node, Warnings warnings) {
        this.options = options;
        Cluster patient = new PatientCluster(cluster, node, Indices.of(options));
        this.documents = documents == null ? new IndexDocuments(patient, options.stateIndex()) : documents;
        this.node = node;
        this.warnings = warnings;
        source = options.rulesIndex() == null
            ? new RuleFolder(node.config().resolve("firstseen").resolve(options.rulesPath()), options.rulesPath().isEmpty())
            : new RuleIndex(patient, options.rulesIndex());
        alerts = new Alerts(patient, this.documents, options.alertsIndex(), System::currentTimeMillis, warnings::warn);
        limits = new Limits(MEMORY_BYTES_MAX, CONFIGURE_MS_MAX, CALL_MS_MAX, node.scheduler());
    }

    String place() {
        return source.place();
    }

    /** What runs from now on; {@code null} if the rules are still those of a version. */
    CompletionStage<Loaded> load(String version, boolean withState) {
        return source.read(version).thenCompose(rules ->
            rules == null ? CompletableFuture.completedStage(null) : load(rules, withState));
    }

    CompletionStage<Void> sweep() {
        return options.state() == Options.Place.NONE
            ? CompletableFuture.completedStage(null)
            : new Sweeper(documents, alerts, System::currentTimeMillis).sweep();
    }

    private CompletionStage<Loaded> load(Rules rules, boolean withState) {
        return CompletableFuture.supplyAsync(() -> {
            long began = System.nanoTime();
            Worker forgetful = worker(rules.configuration(options), new Forgetful());
            say(forgetful.reports(), (System.nanoTime() - began) / 1_000_000);
            return forgetful;
        }, node.executor()).thenCompose(forgetful -> {
            if (forgetful.rules().isEmpty()) {
                String cause = firstRefusal(forgetful.reports());
                return CompletableFuture.completedStage(Loaded.nothing(rules.version(), withState, cause));
            }
            if (!withState) {
                return CompletableFuture.completedStage(new Loaded(rules.version(), false, List.of(), forgetful, null));
            }
            return workers(rules.configuration(options), forgetful)
                .thenCompose(workers -> note(forgetful)
                    .thenApply(nothing -> new Loaded(rules.version(), true, workers, forgetful, null)));
        });
    }

    private CompletionStage<List<Worker>> workers(Configuration configuration, Worker forgetful) {
        if (options.state() == Options.Place.NONE) {
            return CompletableFuture.completedStage(List.of(forgetful));
        }
        List<String> histories = forgetful.rules().stream().map(Report.Rule::history).toList();
        return since(histories).thenApplyAsync(since -> {
            List<Worker> workers = new ArrayList<>();
            for (int i = 0; i < node.workers(); i++) {
                State state =
                    new State(documents, alerts, known, options.learnMs(), System::currentTimeMillis, node.executor());
                state.knows(histories, since);
                workers.add(worker(configuration, state));
            }
            return List.copyOf(workers);
        }, node.executor());
    }

    private Worker worker(Configuration configuration, Store store) {
        return new Worker(options, configuration, store, limits, System::currentTimeMillis, warnings);
    }

    /** Since when the state knows rules: from now on, where it did not. */
    private CompletionStage<Map<String, Long>> since(List<String> histories) {
        long now = System.currentTimeMillis();
        List<Change> changes = new ArrayList<>();
        for (String history : histories) {
            JsonObject json = new JsonObject();
            json.addProperty("kind", "since");
            json.addProperty("history", history);
            json.addProperty("since", now);
            changes.add(new Change(Keys.since(history), null, json.toString()));
        }
        List<String> ids = changes.stream().map(Change::id).toList();
        return documents.get(ids).thenCompose(found -> {
            List<Change> unknown = new ArrayList<>();
            for (int i = 0; i < found.size(); i++) {
                if (found.get(i) == null) {
                    unknown.add(changes.get(i));
                }
            }
            // Where another node is faster, that one's is read.
            return documents.write(unknown);
        }).thenCompose(outcomes -> {
            for (Outcome outcome : outcomes) {
                if (outcome.kind() != Outcome.Kind.DONE && outcome.kind() != Outcome.Kind.CONFLICT) {
                    throw new IllegalStateException("the state cannot be written: " + outcome.cause());
                }
            }
            return documents.get(ids);
        }).thenApply(found -> {
            Map<String, Long> since = new HashMap<>();
            for (int i = 0; i < found.size(); i++) {
                Stored stored = found.get(i);
                since.put(histories.get(i), stored == null ? now : stored.source().get("since").getAsLong());
            }
            return since;
        });
    }

    private void say(List<Report> reports, long ms) {
        long loaded = reports.stream().filter(report -> report.loaded() != null).count();
        long others = reports.stream().filter(report -> report.refused() != null && isMeantForOthers(report.refused())).count();
        node.log().info(loaded + " rules run, from " + place() + ", loaded in " + ms + " ms"
            + (others == 0 ? "" : "; " + others + " are disabled or of types that do not run here"));
        refusals(reports).forEach(cause -> node.log().warn("not used, from " + place() + ": " + cause));
        reports.stream().map(Report::warning).filter(warning -> warning != null).forEach(node.log()::warn);
    }

    /** What an operator must look at: rules and documents that should be used, and are not. */
    private static List<String> refusals(List<Report> reports) {
        return reports.stream()
            .map(report -> report.refused() != null ? report.refused() : report.unusable())
            .filter(refusal -> refusal != null && !isMeantForOthers(refusal))
            .limit(REFUSED_MAX)
            .map(Report.Refusal::toString)
            .toList();
    }

    private static boolean isMeantForOthers(Report.Refusal refusal) {
        return refusal.reason().equals("not-ours") || refusal.reason().equals("disabled");
    }

    private static String firstRefusal(List<Report> reports) {
        List<String> refused = refusals(reports);
        return refused.isEmpty() ? "all are disabled or of types that do not run here" : refused.getFirst();
    }

    /** Writes down what runs on this node, for whoever looks into the state. */
    private CompletionStage<Void> note(Worker running) {
        if (options.state() != Options.Place.INDEX) {
            return CompletableFuture.completedStage(null);
        }
        JsonObject json = new JsonObject();
        json.addProperty("kind", "node");
        json.addProperty("node", node.name());
        json.addProperty("at", System.currentTimeMillis());
        json.addProperty("rules", running.rules().size());
        JsonArray refused = new JsonArray();
        refusals(running.reports()).forEach(refused::add);
        json.add("refused", refused);
        String id = "node-" + node.name();
        return documents.get(List.of(id))
            .thenCompose(found -> documents.write(List.of(
                new Change(id, found.getFirst() == null ? null : found.getFirst().version(), json.toString()))))
            .thenAccept(outcomes -> { });
    }
}
