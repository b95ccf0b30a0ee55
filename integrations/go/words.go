package firstseen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// The records of wit/detector.wit and wit/state.wit, in their words. Times are milliseconds
// since 1970-01-01T00:00:00Z, lines and rules are counted from 0, and text is UTF-8.

// Document is a named text; the name appears in messages.
type Document struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

// DataView is a data view of Kibana's.
type DataView struct {
	ID       string   `json:"id"`
	Patterns []string `json:"patterns"`
}

// Shortcuts are ways round work. The answers are the same with and without them.
type Shortcuts struct {
	Index     bool `json:"index"`
	Prefilter bool `json:"prefilter"`
}

// Configuration is what to detect and how to report it. What is left out is as usual;
// without rules the module's built-in rule runs.
type Configuration struct {
	Rules        []Document `json:"rules,omitzero"`
	Exceptions   []Document `json:"exceptions,omitzero"`
	ValueLists   []Document `json:"value-lists,omitzero"`
	Mappings     []Document `json:"mappings,omitzero"`
	DataViews    []DataView `json:"data-views,omitzero"`
	EventIDField string     `json:"event-id-field,omitzero"`
	Clock        string     `json:"clock,omitzero"`  // "arrival" or "event"
	Format       string     `json:"format,omitzero"` // "kibana" or "ecs"
	Space        string     `json:"space,omitzero"`
	Shortcuts    *Shortcuts `json:"shortcuts,omitzero"`
	Questions    []string   `json:"questions,omitzero"`
}

// Context is what a batch is evaluated with. Lists that go by line are empty, or as long as
// the batch has lines.
type Context struct {
	Arrival     int64          `json:"arrival"`
	Targets     []string       `json:"targets,omitzero"`
	TargetOf    []uint32       `json:"target-of,omitzero"`
	IDs         []string       `json:"ids,omitzero"`
	LineWorkMax *uint64        `json:"line-work-max,omitzero"`
	SetApart    []SetApartLine `json:"set-apart,omitzero"`
}

// SetApartLine is a line that is not shown to the module; an empty one stands in its place.
type SetApartLine struct {
	Line      uint32 `json:"line"`
	Cause     string `json:"cause"` // "too-long", "not-utf8" or "failed"
	Event     string `json:"event"`
	Beginning string `json:"beginning"`
}

// Variant is a value of a variant: the name of its case, and the case's value as JSON,
// nothing for a case without one.
type Variant struct {
	Case  string
	Value json.RawMessage
}

// MarshalJSON gives {"case":value}, or "case".
func (v Variant) MarshalJSON() ([]byte, error) {
	if v.Value == nil {
		return json.Marshal(v.Case)
	}
	return json.Marshal(map[string]json.RawMessage{v.Case: v.Value})
}

// UnmarshalJSON takes what MarshalJSON gives.
func (v *Variant) UnmarshalJSON(data []byte) error {
	*v = Variant{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &v.Case)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	if len(members) != 1 {
		return fmt.Errorf("a variant with %d members", len(members))
	}
	for v.Case, v.Value = range members {
	}
	return nil
}

// Report is what became of a rule or another document, or a warning: one of its members.
type Report struct {
	Loaded   *RuleSummary `json:"loaded,omitempty"`
	Refused  *Refusal     `json:"refused,omitempty"`
	Unusable *Refusal     `json:"unusable,omitempty"`
	Warning  string       `json:"warning,omitempty"`
}

// RuleSummary is a rule that runs.
type RuleSummary struct {
	RuleID   string   `json:"rule-id"`
	Version  uint32   `json:"version"`
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Language string   `json:"language"`
	Kind     Variant  `json:"kind"`
	History  string   `json:"history"`
	WindowMs *uint64  `json:"window-ms"`
	Warnings []string `json:"warnings"`
	Hints    []string `json:"hints"`
}

// Refusal is a rule or another document that is not used, and why.
type Refusal struct {
	Document string  `json:"document"`
	Position uint32  `json:"position"`
	RuleID   *string `json:"rule-id"`
	Name     *string `json:"name"`
	Type     *string `json:"type"`
	Reason   string  `json:"reason"` // "not-ours", "disabled", "unsupported" or "invalid"
	Field    *string `json:"field"`
	Offset   *uint32 `json:"offset"`
	Cause    string  `json:"cause"`
}

// Question is what the module asks; of contract 0.2 all are sightings.
type Question struct {
	Sighting *Sighting `json:"sighting"`
}

// Sighting is one occurrence of a term in an event that matched a rule.
type Sighting struct {
	History  string `json:"history"`
	Term     string `json:"term"`
	At       int64  `json:"at"`
	WindowMs uint64 `json:"window-ms"`
	Event    string `json:"event"`
	Quota    Quota  `json:"quota"`
}

// Quota is how many alerts a rule may raise in each interval of PerMs milliseconds.
type Quota struct {
	Max   uint32 `json:"max"`
	PerMs uint64 `json:"per-ms"`
}

// Answer is the answer to a Question.
type Answer struct {
	Sighting Verdict `json:"sighting"`
}

// Verdict is what a store says of a sighting.
type Verdict string

// The verdicts; wit/state.wit says what each means.
const (
	Unseen   Verdict = "unseen"
	Seen     Verdict = "seen"
	Deferred Verdict = "deferred"
	Replayed Verdict = "replayed"
)

// Given is what a batch gave.
type Given struct {
	Alerts   []Alert
	Unjudged []UnjudgedLine
	Remarks  []Remark
	Summary  Summary
}

// Alert is one alert. Rule is nil for the module's own; Document is a JSON object, and stays
// as it is to the byte.
type Alert struct {
	Rule     *uint32  `json:"rule"`
	Term     string   `json:"term"`
	ID       string   `json:"id"`
	Document string   `json:"document"`
	Sources  []Source `json:"sources"`
}

// Source is an event that an alert is about, and where its document says which one.
type Source struct {
	Line        uint32 `json:"line"`
	ID          Span   `json:"id"`
	Index       Span   `json:"index"`
	IndexBefore string `json:"index-before"`
}

// Span is a range of bytes of an alert's document. It may lie outside: check it.
type Span struct {
	Start uint32 `json:"start"`
	End   uint32 `json:"end"`
}

// UnjudgedLine is a line that was not judged, or not by Rules.
type UnjudgedLine struct {
	Line  uint32   `json:"line"`
	Cause Variant  `json:"cause"` // "malformed", "work" or "terms"
	Rules []uint32 `json:"rules"`
}

// Remark is what the operator should know of an event that a rule matches.
type Remark struct {
	Line uint32 `json:"line"`
	Rule uint32 `json:"rule"`
	Text string `json:"text"`
}

// Summary is the rest of what a batch gave, as numbers of events.
type Summary struct {
	Events   uint32        `json:"events"`
	Matches  []RuleMatches `json:"matches"`
	Deferred uint32        `json:"deferred"`
}

// RuleMatches is how many events a rule matched.
type RuleMatches struct {
	Rule   uint32 `json:"rule"`
	Events uint32 `json:"events"`
}

// decodeLines takes NDJSON.
func decodeLines[T any](text []byte) ([]T, error) {
	var values []T
	for line := range bytes.Lines(text) {
		var value T
		if err := json.Unmarshal(line, &value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// encodeLines gives NDJSON.
func encodeLines[T any](values []T) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	for _, value := range values {
		if err := encoder.Encode(value); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

func decodeQuestions(text []byte) ([]Question, error) {
	questions, err := decodeLines[Question](text)
	for _, question := range questions {
		if question.Sighting == nil {
			return nil, errors.New("a question that is no sighting")
		}
	}
	return questions, err
}

func decodeGiven(text []byte) (*Given, error) {
	type line struct {
		Alert    *Alert
		Unjudged *UnjudgedLine
		Remark   *Remark
		Summary  *Summary
	}
	lines, err := decodeLines[line](text)
	if err != nil {
		return nil, err
	}
	given := &Given{}
	for _, line := range lines {
		switch {
		case line.Alert != nil:
			given.Alerts = append(given.Alerts, *line.Alert)
		case line.Unjudged != nil:
			given.Unjudged = append(given.Unjudged, *line.Unjudged)
		case line.Remark != nil:
			given.Remarks = append(given.Remarks, *line.Remark)
		case line.Summary != nil:
			given.Summary = *line.Summary
		default:
			return nil, errors.New("a line of a kind that is not known")
		}
	}
	return given, nil
}
