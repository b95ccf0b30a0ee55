package firstseen.ingest;

import firstseen.Given.Alert;
import firstseen.Sighting;
import firstseen.Sighting.Verdict;
import firstseen.Store;
import firstseen.ingest.Cluster.Outcome;
import firstseen.ingest.Cluster.Stored;
import firstseen.ingest.Cluster.Version;
import firstseen.ingest.Documents.Change;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * The state of one detector, in documents that others change too.
 *
 * <p>A batch is judged by what was read. When it is through, what it changed is written, each document only if nobody
 * was faster: first the claims on quotas, then the terms, which name the event that introduced them and hold its
 * alerts until these are stored. Where somebody was faster the batch is judged again; a term that it has written
 * itself is then {@link Verdict#REPLAYED}, which raises the same alert. The same goes for an event that comes again
 * after a node died in between.
 */
final class State implements Store {
    /** As many questions as a batch may ask: a single event asks ten thousand for a rule at most. */
    private static final int QUESTIONS_MAX = 20_000;

    /** How long their terms may be together. */
    private static final long QUESTION_CHARS_MAX = 16L << 20;

    /** Terms are written again when they have been known for this part of their window since. */
    private static final long REFRESHES_PER_WINDOW = 100;

    private final Documents documents;
    private final Alerts alerts;
    private final Known known;
    private final long learnMs;
    private final LongSupplier now;
    private final Executor executor;

    /** Histories of rules, by their places. */
    private List<String> histories = List.of();

    /** Since when rules are known, by their histories. */
    private Map<String, Long> since = Map.of();

    private final Map<String, Entry> terms = new HashMap<>();
    private final Map<String, Counted> quotas = new LinkedHashMap<>();

    /** Sightings that raise an alert each, in the order of the questions. */
    private final List<Raised> raised = new ArrayList<>();

    /**
     * Claims of attempts that did not come to their end, by the ids of quotas. The next attempt, or the next batch, gives
     * back what it has no use for.
     */
    private final Map<String, Set<String>> claimed = new HashMap<>();

    private long arrived;
    private int questions;
    private long questionChars;

    /** The module is to run in the executor, for a batch that is judged again too. */
    State(Documents documents, Alerts alerts, Known known, long learnMs, LongSupplier now, Executor executor) {
        this.documents = documents;
        this.alerts = alerts;
        this.known = known;
        this.learnMs = learnMs;
        this.now = now;
        this.executor = executor;
    }

    /** A term as it was read, and as the batch leaves it. */
    private static final class Entry {
        final Version version;
        final Times stored;
        final long expires;
        Term term;
        boolean changed;

        /** The events of this batch that introduce it. */
        Set<String> introducing = Set.of();

        Entry(Version version, Term term) {
            this.version = version;
            this.stored = term.times();
            this.expires = term.expires();
            this.term = term;
        }

        void introduce(String event) {
            term = term.introducedBy(event);
            introducing = new HashSet<>(introducing);
            introducing.add(event);
            changed = true;
        }
    }

    private record Counted(Version version, Quota quota) {}

    private record Raised(String id, Sighting sighting) {}

    /** Which histories rules have, by their places, and since when these are known, in epoch milliseconds. */
    void knows(List<String> histories, Map<String, Long> since) {
        this.histories = histories;
        this.since = since;
    }

    @Override
    public CompletionStage<Void> begin() {
        rollback();
        arrived = now.getAsLong();
        return CompletableFuture.runAsync(() -> { }, executor);
    }

    @Override
    public CompletionStage<List<Verdict>> answers(List<Sighting> sightings) {
        questions += sightings.size();
        sightings.forEach(sighting -> questionChars += sighting.term().length());
        if (questions > QUESTIONS_MAX || questionChars > QUESTION_CHARS_MAX) {
            throw new TooMuchException(questions, questionChars);
        }
        List<Asked> asked = sightings.stream().map(this::asked).toList();
        List<String> unread = asked.stream()
            .filter(one -> !one.isKnown && !terms.containsKey(one.id))
            .map(Asked::id)
            .distinct()
            .toList();
        return read(unread)
            .thenCompose(nothing -> readQuotas(asked))
            .thenApply(nothing -> asked.stream().map(this::verdict).toList());
    }

    @Override
    public CompletionStage<Boolean> commit(List<Alert> given) {
        hold(given);
        return writeQuotas()
            .thenCompose(mine -> mine ? writeTerms() : CompletableFuture.completedStage(false))
            .thenApply(kept -> {
                if (kept) {
                    claimed.keySet().removeAll(quotas.keySet());
                }
                return kept;
            });
    }

    @Override
    public void rollback() {
        terms.clear();
        quotas.clear();
        raised.clear();
        questions = 0;
        questionChars = 0;
    }

    /**
     * A question.
     *
     * @param id of its term's document
     * @param isKnown whether the term is known for sure without reading it, and need not be written
     */
    private record Asked(String id, Sighting sighting, boolean isKnown) {}

    private Asked asked(Sighting sighting) {
        String id = Keys.term(sighting.history(), sighting.term());
        Known.Read term = known.get(id, arrived);
        boolean isKnown = term != null
            && !term.mayBeIntroducedBy(sighting.event())
            && term.times().knows(sighting.at(), sighting.windowMs().bits())
            && !isStale(term.times(), term.expires(), sighting);
        return new Asked(id, sighting, isKnown);
    }

    /** Whether what is stored would be forgotten noticeably early, if a sighting was not added to it. */
    private boolean isStale(Times stored, long expires, Sighting sighting) {
        long windowMs = sighting.windowMs().bits();
        long noticeableMs = Long.divideUnsigned(windowMs, REFRESHES_PER_WINDOW);
        return !stored.knows(sighting.at(), noticeableMs)
            || expires < Term.keepUntil(arrived, windowMs) - Math.max(noticeableMs, Term.KEEP_MS_MIN / REFRESHES_PER_WINDOW);
    }

    private CompletionStage<Void> read(List<String> ids) {
        return documents.get(ids).thenAccept(found -> {
            for (int i = 0; i < ids.size(); i++) {
                Stored stored = found.get(i);
                if (stored != null) {
                    Term term = Term.of(stored.source());
                    // One that may be forgotten is, whether or not it has been swept.
                    Term valid = term.expires() < arrived ? term.forgotten() : term;
                    terms.put(ids.get(i), new Entry(stored.version(), valid));
                }
            }
        });
    }

    /** Reads the quotas of sightings that may be new, and those on which an earlier attempt made claims. */
    private CompletionStage<Void> readQuotas(List<Asked> asked) {
        Map<String, Quota> unread = new LinkedHashMap<>();
        for (Asked one : asked) {
            if (!one.isKnown && mayBeNew(one, asked.size())) {
                Sighting sighting = one.sighting;
                unread.put(quotaId(sighting), new Quota(sighting.history(), sighting.quota().perMs().saturated(), arrived));
            }
        }
        claimed.keySet().forEach(id -> unread.putIfAbsent(id, null));
        unread.keySet().removeAll(quotas.keySet());
        List<String> ids = List.copyOf(unread.keySet());
        return documents.get(ids).thenAccept(found -> {
            for (int i = 0; i < ids.size(); i++) {
                Stored stored = found.get(i);
                Quota none = unread.get(ids.get(i));
                if (stored != null && (none == null || !Quota.isForgotten(stored.source(), arrived))) {
                    quotas.put(ids.get(i), new Counted(stored.version(), new Quota(stored.source())));
                } else if (stored != null) {
                    quotas.put(ids.get(i), new Counted(stored.version(), none));
                } else if (none != null) {
                    quotas.put(ids.get(i), new Counted(null, none));
                } else {
                    claimed.remove(ids.get(i));
                }
            }
        });
    }

    private boolean mayBeNew(Asked one, int sightings) {
        Entry entry = terms.get(one.id);
        // Sightings of the batch itself may push out the stretch that knows this one.
        return entry == null
            || !entry.term.times().knows(one.sighting.at(), one.sighting.windowMs().bits())
            || !entry.term.times().hasRoomFor(sightings);
    }

    private static String quotaId(Sighting sighting) {
        return Keys.quota(sighting.history(), sighting.interval());
    }

    private static String claim(Sighting sighting) {
        return Keys.claim(sighting.term(), sighting.event());
    }

    private Verdict verdict(Asked one) {
        if (one.isKnown) {
            return Verdict.SEEN;
        }
        Sighting sighting = one.sighting;
        Entry found = terms.get(one.id);
        Entry entry = found == null ? new Entry(null, Term.unknown(sighting.history(), sighting.term())) : found;
        long windowMs = sighting.windowMs().bits();
        if (entry.term.events().contains(sighting.event()) && !entry.introducing.contains(sighting.event())) {
            raised.add(new Raised(one.id, sighting));
            return Verdict.REPLAYED;
        }
        if (entry.term.times().knows(sighting.at(), windowMs) || isLearning(sighting.history())) {
            entry.term = entry.term.sighted(sighting.at(), windowMs, arrived);
            entry.changed |= isStale(entry.stored, entry.expires, sighting);
            terms.putIfAbsent(one.id, entry);
            return Verdict.SEEN;
        }
        if (!quotas.get(quotaId(sighting)).quota.claim(claim(sighting), sighting.quota().max())) {
            return Verdict.DEFERRED;
        }
        terms.putIfAbsent(one.id, entry);
        entry.term = entry.term.sighted(sighting.at(), windowMs, arrived);
        entry.introduce(sighting.event());
        raised.add(new Raised(one.id, sighting));
        return Verdict.UNSEEN;
    }

    private boolean isLearning(String history) {
        Long met = since.get(history);
        return met != null && arrived < met + learnMs;
    }

    /** Has terms hold the alerts that they introduce. */
    private void hold(List<Alert> given) {
        Map<List<String>, Deque<Raised>> open = new HashMap<>();
        for (Raised raise : raised) {
            boolean isRules = histories.contains(raise.sighting.history());
            List<String> key = List.of(isRules ? raise.sighting.history() : "", raise.sighting.term());
            open.computeIfAbsent(key, nothing -> new ArrayDeque<>()).add(raise);
        }
        for (Alert alert : given) {
            String history = alert.rule() == null ? "" : histories.get(Math.toIntExact(alert.rule()));
            Deque<Raised> raises = open.get(List.of(history, alert.term()));
            if (raises == null || raises.isEmpty()) {
                throw new IllegalStateException("the module raises an alert without a question: " + alert.id());
            }
            Raised raise = raises.remove();
            Entry entry = terms.get(raise.id);
            if (entry.introducing.contains(raise.sighting.event())) {
                entry.term = entry.term.with(alerts.held(alert, arrived));
            }
        }
    }

    /** Writes what was claimed, and gives back what an earlier attempt claimed in vain; whether nobody was faster. */
    private CompletionStage<Boolean> writeQuotas() {
        Map<String, Set<String>> used = new HashMap<>();
        for (Raised raise : raised) {
            used.computeIfAbsent(quotaId(raise.sighting), id -> new HashSet<>()).add(claim(raise.sighting));
        }
        claimed.forEach((id, claims) -> {
            Counted counted = quotas.get(id);
            if (counted != null) {
                claims.stream().filter(claim -> !used.getOrDefault(id, Set.of()).contains(claim)).forEach(counted.quota::release);
            }
        });
        List<Change> changes = new ArrayList<>();
        quotas.forEach((id, counted) -> {
            if (counted.quota.isChanged()) {
                changes.add(new Change(id, counted.version, counted.quota.toJson()));
                claimed.computeIfAbsent(id, unknown -> new HashSet<>()).addAll(used.getOrDefault(id, Set.of()));
            }
        });
        return documents.write(changes).thenApply(Outcomes::allDone);
    }

    private CompletionStage<Boolean> writeTerms() {
        List<String> ids = new ArrayList<>();
        List<Change> changes = new ArrayList<>();
        terms.forEach((id, entry) -> {
            if (entry.changed) {
                ids.add(id);
                changes.add(new Change(id, entry.version, entry.term.toJson()));
            } else if (entry.version != null) {
                known.put(id, entry.stored, entry.expires, entry.term.events(), arrived);
            }
        });
        return documents.write(changes).thenCompose(outcomes -> {
            for (int i = 0; i < ids.size(); i++) {
                if (outcomes.get(i).kind() == Outcome.Kind.DONE) {
                    Term term = terms.get(ids.get(i)).term;
                    known.put(ids.get(i), term.times(), term.expires(), term.events(), arrived);
                } else {
                    known.forget(ids.get(i));
                }
            }
            return Outcomes.allDone(outcomes)
                ? storeAlerts(ids, outcomes).thenApply(nothing -> true)
                : CompletableFuture.completedStage(false);
        });
    }

    /** Stores the alerts of this batch, and those that its terms still held; then the terms let go of them. */
    private CompletionStage<Void> storeAlerts(List<String> written, List<Outcome> outcomes) {
        Map<String, Version> versions = new HashMap<>();
        for (int i = 0; i < written.size(); i++) {
            versions.put(written.get(i), outcomes.get(i).version());
        }
        List<Holding> holding = new ArrayList<>();
        for (String id : new LinkedHashSet<>(raised.stream().map(Raised::id).toList())) {
            Entry entry = terms.get(id);
            if (!entry.term.alerts().isEmpty()) {
                holding.add(new Holding(id, versions.getOrDefault(id, entry.version), entry.term));
            }
        }
        return alerts.store(holding);
    }

    /** A stored term that holds alerts. */
    record Holding(String id, Version version, Term term) {}
}
