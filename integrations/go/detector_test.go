package firstseen

import (
	"bytes"
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
)

const (
	event   = `{"@timestamp":"2026-11-24T12:00:00Z","message":"well"}` + "\n"
	arrival = 1795521600000
)

// everything matches all events.
var everything = Configuration{Rules: []Document{{Name: "all.json", Content: `{"rule_id": "all", "name": "All",
	"description": "Invented.", "risk_score": 21, "severity": "low", "type": "query", "language": "kuery",
	"query": "*", "index": ["logs-*"], "from": "now-6m", "interval": "5m"}`}}}

// alerting evaluates the event, which must raise an alert.
func alerting(t *testing.T, detector *Detector) {
	t.Helper()
	given, err := detector.Evaluate(t.Context(), []byte(event), Context{Arrival: arrival})
	if err != nil || len(given.Alerts) != 1 {
		t.Fatalf("%+v, %v", given, err)
	}
}

func TestNotConfigured(t *testing.T) {
	rules := []Document{{Name: "broken.json", Content: "{"}}
	detector := detectorOf(t, compiled(t), Configuration{Rules: rules}, NewMemoryStore())
	if len(detector.Reports) != 1 || detector.Reports[0].Refused == nil {
		t.Errorf("%+v", detector.Reports)
	}
	if _, err := detector.Evaluate(t.Context(), []byte(event), Context{}); !errors.Is(err, ErrNotConfigured) {
		t.Error(err)
	}
}

func TestInvalid(t *testing.T) {
	module := compiled(t)
	var invalid *InvalidError
	for _, configuration := range []Configuration{
		{Clock: "noon"},
		{Rules: []Document{{Name: "a", Content: "\xff"}}},
	} {
		if _, err := NewDetector(t.Context(), module, configuration, NewMemoryStore()); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", configuration, err)
		}
	}
	detector := detectorOf(t, module, everything, NewMemoryStore())
	for batch, about := range map[string]Context{
		"\xff\n": {},
		event:    {TargetOf: []uint32{0, 0, 0}},
		"\n":     {IDs: []string{"\xff"}},
		"{}\n":   {SetApart: []SetApartLine{{Cause: "other"}}},
	} {
		if _, err := detector.Evaluate(t.Context(), []byte(batch), about); !errors.As(err, &invalid) {
			t.Errorf("%q: %v", batch, err)
		}
	}
	alerting(t, detector)
	if _, err := Compile(t.Context(), []byte("\x00asm\x01\x00\x00\x00")); err == nil {
		t.Error("a module without exports is taken")
	}
}

// hooked is a store in which something happens before it answers or commits.
type hooked struct {
	*MemoryStore
	answers, commit func() error
}

func (h *hooked) Answers(ctx context.Context, questions []Question) ([]Answer, error) {
	answers, err := h.MemoryStore.Answers(ctx, questions)
	return answers, errors.Join(err, h.answers())
}

func (h *hooked) Commit(ctx context.Context, alerts []Alert) error {
	if err := h.commit(); err != nil {
		return err
	}
	return h.MemoryStore.Commit(ctx, alerts)
}

// What goes wrong after a sighting was recorded leaves the store as it was, and the next
// batch raises the alert.
func TestRollback(t *testing.T) {
	module := compiled(t)
	well := func() error { return nil }
	broken := errors.New("broken")
	breaks := func() error { return broken }
	for name, store := range map[string]*hooked{
		"answers": {answers: breaks, commit: well},
		"commit":  {answers: well, commit: breaks},
		"module":  {commit: well},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			expected := broken
			if store.answers == nil {
				expected, store.answers = context.Canceled, func() error { cancel(); return nil }
			}
			store.MemoryStore = NewMemoryStore()
			detector := detectorOf(t, module, everything, store)
			if _, err := detector.Evaluate(ctx, []byte(event), Context{Arrival: arrival}); !errors.Is(err, expected) {
				t.Error(err)
			}
			if (name == "module") != (detector.instance == nil) {
				t.Error("the instance is not as it should be")
			}
			store.answers, store.commit = well, well
			alerting(t, detector)
			cancel()
		})
	}
}

func TestDeadline(t *testing.T) {
	detector := detectorOf(t, compiled(t), everything, NewMemoryStore())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	batch := bytes.Repeat([]byte(event), 500_000)
	if _, err := detector.Evaluate(ctx, batch, Context{Arrival: arrival}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	t.Log(time.Since(began))
	if _, err := detector.Evaluate(ctx, []byte(event), Context{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	alerting(t, detector)
}

func TestMemoryStore(t *testing.T) {
	ask := func(store *MemoryStore, at int64, window uint64) Verdict {
		sighting := &Sighting{History: "h", Term: "t", At: at, WindowMs: window, Quota: Quota{Max: 1, PerMs: 10}}
		answers, err := store.Answers(t.Context(), []Question{{Sighting: sighting}})
		if err != nil {
			t.Fatal(err)
		}
		return answers[0].Sighting
	}
	store := NewMemoryStore()
	for round := range 2 {
		if err := store.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		found := []Verdict{
			ask(store, -1, 5), ask(store, 4, 5), ask(store, -6, 5), ask(store, -10, 1), ask(store, 10, 5),
			ask(store, math.MinInt64, 5), ask(store, math.MaxInt64, 5), ask(store, 0, math.MaxUint64),
		}
		expected := []Verdict{Unseen, Seen, Seen, Deferred, Unseen, Unseen, Unseen, Seen}
		if !reflect.DeepEqual(found, expected) {
			t.Errorf("round %d: %v", round, found)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := store.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error("two batches at a time", err)
		}
		cancel()
		store.Rollback()
	}
}

func FuzzFloor(f *testing.F) {
	f.Add(int64(math.MinInt64), uint64(1))
	f.Add(int64(-1), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, at int64, per uint64) {
		if per == 0 {
			t.Skip()
		}
		if into := uint64(at) - uint64(floor(at, per))*per; into >= per {
			t.Error(at, per)
		}
	})
}
