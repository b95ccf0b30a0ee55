package firstseen.ingest;

import firstseen.Configuration;
import firstseen.Detector;
import firstseen.Given;
import firstseen.Limits;
import firstseen.ModuleException;
import firstseen.Report;
import firstseen.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/** An instance of the module and its state: it evaluates a batch at a time. */
final class Worker {
    /** Together in one call, unless a single one is longer. */
    private static final int BATCH_BYTES_MAX = 4 << 20;

    private final String targetField;
    private final Detector detector;
    private final LongSupplier now;
    private final Warnings warnings;
    private final List<Report.Rule> rules;

    Worker(Options options, Configuration configuration, Store store, Limits limits, LongSupplier now, Warnings warnings) {
        targetField = options.targetField();
        detector = new Detector(configuration, store, limits);
        this.now = now;
        this.warnings = warnings;
        rules = detector.reports().stream().map(Report::loaded).filter(loaded -> loaded != null).toList();
    }

    List<Report> reports() {
        return detector.reports();
    }

    List<Report.Rule> rules() {
        return rules;
    }

    /** Evaluates events, and says of each what became of it; never fails. */
    CompletionStage<List<Judged>> evaluate(List<Event> events) {
        List<Judged> judged = new ArrayList<>();
        CompletionStage<Void> all = CompletableFuture.completedStage(null);
        List<Batch.Line> lines = new ArrayList<>();
        long bytes = 0;
        for (Event event : events) {
            byte[] json;
            try {
                json = event.json(targetField);
            } catch (IOException | RuntimeException | StackOverflowError error) {
                judged.add(new Judged(event, List.of(), new IllegalStateException(Warnings.sentence(error), error)));
                continue;
            }
            if (!lines.isEmpty() && bytes + json.length > BATCH_BYTES_MAX) {
                Batch full = new Batch(lines);
                all = all.thenCompose(nothing -> evaluate(full, judged));
                lines = new ArrayList<>();
                bytes = 0;
            }
            lines.add(new Batch.Line(event, json));
            bytes += json.length;
        }
        Batch last = new Batch(lines);
        return all.thenCompose(nothing -> evaluate(last, judged)).thenApply(nothing -> judged);
    }

    /**
     * What became of an event.
     *
     * @param tags its alerts
     * @param error {@code null}, or why it was not judged
     */
    record Judged(Event event, List<Map<String, Object>> tags, Exception error) {
        /** Puts the tags into a field, and hands the event on. */
        void handOn(String field) {
            Exception failed = error;
            if (!tags.isEmpty()) {
                try {
                    event.put(field, tags);
                } catch (RuntimeException cause) {
                    failed = cause;
                }
            }
            event.done(failed);
        }
    }

    private CompletionStage<Void> evaluate(Batch batch, List<Judged> judged) {
        return batch.lines().isEmpty() ? CompletableFuture.completedStage(null) : evaluate(batch, false, judged);
    }

    private CompletionStage<Void> evaluate(Batch batch, boolean failed, List<Judged> judged) {
        return detector.evaluate(batch.text(failed), batch.context(now.getAsLong(), failed)).handle((given, error) -> {
            if (error == null) {
                add(batch, given, judged);
                return CompletableFuture.<Void>completedStage(null);
            }
            Throwable cause = error instanceof CompletionException ? error.getCause() : error;
            if (!failed && (cause instanceof ModuleException || cause instanceof TooMuchException)) {
                return narrowed(batch, judged);
            }
            for (Event event : batch.events()) {
                judged.add(new Judged(event, List.of(), new IllegalStateException(cause.getMessage(), cause)));
            }
            return CompletableFuture.<Void>completedStage(null);
        }).thenCompose(stage -> stage);
    }

    /** Goes on with halves of a batch that was too much, or that the module failed on, down to the line it fails on. */
    private CompletionStage<Void> narrowed(Batch batch, List<Judged> judged) {
        int size = batch.lines().size();
        if (size == 1) {
            return evaluate(batch, true, judged);
        }
        return evaluate(batch.part(0, size / 2), false, judged)
            .thenCompose(nothing -> evaluate(batch.part(size / 2, size), false, judged));
    }

    private void add(Batch batch, Given given, List<Judged> judged) {
        say(batch, given);
        Map<Integer, List<Map<String, Object>>> tags = Tags.of(given, rules);
        List<Event> events = batch.events();
        for (int line = 0; line < events.size(); line++) {
            judged.add(new Judged(events.get(line), tags.getOrDefault(line, List.of()), null));
        }
    }

    /** Says what keeps alerts from being raised. */
    private void say(Batch batch, Given given) {
        if (given.summary().deferred() > 0) {
            warnings.warn(given.summary().deferred() + " sightings raise no alert now: a rule has had its quota of alerts"
                + " (max_signals) in this interval");
        }
        for (Given.Remark remark : given.remarks()) {
            warnings.warn("a document bound for " + batch.events().get(remark.line()).index() + " that rule "
                + rules.get(Math.toIntExact(remark.rule())).name() + " matches " + remark.text());
        }
    }
}
