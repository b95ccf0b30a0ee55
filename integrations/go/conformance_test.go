package firstseen

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
)

// cases is the folder of cases; FIRSTSEEN_CASES names another one.
var cases = cmp.Or(os.Getenv("FIRSTSEEN_CASES"), "../conformance/cases")

// recorder writes down what is said between a module and its store.
type recorder struct {
	*MemoryStore
	transcript []any
}

func (r *recorder) Answers(ctx context.Context, questions []Question) ([]Answer, error) {
	answers, err := r.MemoryStore.Answers(ctx, questions)
	for number, answer := range answers {
		r.transcript = append(r.transcript, map[string]any{"question": questions[number], "answer": answer})
	}
	return answers, err
}

// TestConformance runs the cases of integrations/conformance. Its digest is the SHA-256 of
// the ids and documents of all alerts.
func TestConformance(t *testing.T) {
	module := compiled(t)
	folders, err := os.ReadDir(cases)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.New()
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			found, alerts := runCase(t, module, filepath.Join(cases, folder.Name()))
			compare(t, filepath.Join(cases, folder.Name(), "transcript.ndjson"), found)
			for _, alert := range alerts {
				fmt.Fprintf(digest, "%s\t%s\n", alert.ID, alert.Document)
			}
		})
	}
	fmt.Printf("plain: %d cases, %x\n", len(folders), digest.Sum(nil))
}

// runCase gives the transcript of a case, and its alerts.
func runCase(t *testing.T, module *Module, folder string) ([]any, []Alert) {
	var configuration Configuration
	decoder := json.NewDecoder(bytes.NewReader(read(t, folder, "configuration.json")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&configuration); err != nil {
		t.Fatal(err)
	}
	contexts, err := decodeLines[Context](read(t, folder, "contexts.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	store := &recorder{MemoryStore: NewMemoryStore()}
	detector := detectorOf(t, module, configuration, store)
	var alerts []Alert
	add := func(kind string, value any) { store.transcript = append(store.transcript, map[string]any{kind: value}) }
	for _, report := range detector.Reports {
		add("report", report)
	}
	for number, about := range contexts {
		name := fmt.Sprintf("batch-%d.ndjson", number+1)
		add("batch", name)
		given, err := detector.Evaluate(t.Context(), read(t, folder, name), about)
		if err != nil {
			t.Fatal(err)
		}
		alerts = append(alerts, given.Alerts...)
		for _, alert := range given.Alerts {
			add("given", map[string]any{"alert": alert})
		}
		for _, line := range given.Unjudged {
			add("given", map[string]any{"unjudged": line})
		}
		for _, remark := range given.Remarks {
			add("given", map[string]any{"remark": remark})
		}
		add("given", map[string]any{"summary": given.Summary})
	}
	return store.transcript, alerts
}

// compare holds a transcript to the one in a file, line for line, by value.
func compare(t *testing.T, path string, found []any) {
	text, err := encodeLines(found)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := values(t, text), values(t, read(t, path))
	for number := range min(len(ours), len(theirs)) {
		if !reflect.DeepEqual(ours[number], theirs[number]) {
			t.Fatalf("line %d:\n%v\ninstead of\n%v", number+1, ours[number], theirs[number])
		}
	}
	if len(ours) != len(theirs) {
		t.Fatalf("%d lines instead of %d", len(ours), len(theirs))
	}
}

// values are those of NDJSON, with numbers as they are written.
func values(t *testing.T, text []byte) []any {
	var values []any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for decoder.More() {
		var value any
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

var compileOnce = sync.OnceValues(func() (*Module, error) {
	wasm, err := os.ReadFile(os.Getenv("FIRSTSEEN_PLAIN"))
	if err != nil {
		return nil, err
	}
	return Compile(context.Background(), wasm)
})

// compiled is the module that FIRSTSEEN_PLAIN names, compiled once for all tests.
func compiled(t testing.TB) *Module {
	t.Helper()
	if os.Getenv("FIRSTSEEN_PLAIN") == "" {
		t.Skip("FIRSTSEEN_PLAIN names no module")
	}
	module, err := compileOnce()
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func detectorOf(t testing.TB, module *Module, configuration Configuration, store Store) *Detector {
	t.Helper()
	detector, err := NewDetector(t.Context(), module, configuration, store)
	if err != nil {
		t.Fatal(err)
	}
	return detector
}
