package firstseen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Detector is an instance of a module with its rules, over a store. It is used by one
// goroutine at a time; several may have one store.
type Detector struct {
	// Reports says what became of each rule.
	Reports []Report

	module        *Module
	configuration []byte
	store         Store
	instance      *instance // nil after it failed
}

// NewDetector loads rules. One that is refused does not stop the others: see Reports. The
// error is an InvalidError if the configuration is wrong.
func NewDetector(ctx context.Context, module *Module, configuration Configuration, store Store) (*Detector, error) {
	c := configuration
	for _, document := range slices.Concat(c.Rules, c.Exceptions, c.ValueLists, c.Mappings) {
		if !utf8.ValidString(document.Name + document.Content) {
			return nil, &InvalidError{Cause: fmt.Sprintf("the document %q is not UTF-8", document.Name)}
		}
	}
	text, err := json.Marshal(configuration)
	if err != nil {
		return nil, err
	}
	d := &Detector{module: module, configuration: text, store: store}
	if err := d.start(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// Evaluate evaluates NDJSON in UTF-8 to its end, and has the store keep what the batch
// recorded.
//
// Whatever goes wrong, the store keeps nothing of the batch, and the next call is as good as
// any. The error is ErrNotConfigured if no rule is loaded, an InvalidError if the batch or
// its context is wrong, the context's own after its deadline, the store's, or what ended the
// module.
func (d *Detector) Evaluate(ctx context.Context, batch []byte, about Context) (*Given, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for line, id := range about.IDs {
		if !utf8.ValidString(id) {
			return nil, &InvalidError{Cause: fmt.Sprintf("the id of line %d is not UTF-8", line)}
		}
	}
	words, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	if err := d.start(ctx); err != nil {
		return nil, err
	}
	begun := false
	defer func() {
		if begun {
			d.store.Rollback()
		}
	}()
	status, lines, err := d.call(ctx, "begin", batch, words)
	for err == nil && status == statusAsk {
		if !begun {
			if err := d.store.Begin(ctx); err != nil {
				return nil, err
			}
			begun = true
		}
		status, lines, err = d.resume(ctx, lines)
	}
	if err != nil {
		return nil, err
	}
	given, err := decodeGiven(lines)
	if err != nil {
		d.drop(ctx)
		return nil, err
	}
	if begun {
		if err := d.store.Commit(ctx, given.Alerts); err != nil {
			return nil, err
		}
		begun = false
	}
	return given, nil
}

// Close ends the instance; another call would make a fresh one.
func (d *Detector) Close(ctx context.Context) { d.drop(ctx) }

// resume has the store answer questions, and goes on with the batch.
func (d *Detector) resume(ctx context.Context, lines []byte) (uint32, []byte, error) {
	questions, err := decodeQuestions(lines)
	if err != nil {
		d.drop(ctx)
		return 0, nil, err
	}
	answers, err := d.store.Answers(ctx, questions)
	if err != nil {
		return 0, nil, err
	}
	text, err := encodeLines(answers)
	if err != nil {
		return 0, nil, err
	}
	return d.call(ctx, "finish", text)
}

// start makes and configures an instance if there is none. The deadline of an earlier call
// may have ended the one there is just after that call.
func (d *Detector) start(ctx context.Context) error {
	if d.instance != nil && !d.instance.module.IsClosed() {
		return nil
	}
	instance, err := d.module.instantiate(ctx)
	if err != nil {
		return err
	}
	d.instance = instance
	_, lines, err := d.call(ctx, "configure", d.configuration)
	if err == nil {
		d.Reports, err = decodeLines[Report](lines)
	}
	if err != nil {
		d.drop(ctx)
	}
	return err
}

// call makes a call, and throws the instance away if that ends it.
func (d *Detector) call(ctx context.Context, name string, inputs ...[]byte) (uint32, []byte, error) {
	status, lines, err := d.instance.call(ctx, name, inputs...)
	var invalid *InvalidError
	if err != nil && !errors.Is(err, ErrNotConfigured) && !errors.As(err, &invalid) {
		d.drop(ctx)
		err = fmt.Errorf("the module: %w", err)
	}
	return status, lines, err
}

// drop throws the instance away.
func (d *Detector) drop(ctx context.Context) {
	if d.instance != nil {
		d.instance.close(ctx)
		d.instance = nil
	}
}
