package firstseen

import (
	"context"
	"errors"
	"math"
	"slices"
)

// Store answers the questions of a module; wit/state.wit says what each answer means.
//
// A store keeps what a batch recorded only when Commit comes, together with the alerts of
// that batch or not at all. Detectors that share it call it from their goroutines: between
// Begin and either of Commit without an error and Rollback it answers no other batch.
type Store interface {
	// Begin waits for the batch's turn. It comes with the first questions of a batch, so
	// not for one that asks nothing. After an error nothing else is called.
	Begin(ctx context.Context) error
	// Answers answers questions, one each, in order.
	Answers(ctx context.Context, questions []Question) ([]Answer, error)
	// Commit keeps what was recorded. After an error Rollback is called.
	Commit(ctx context.Context, alerts []Alert) error
	// Rollback drops what was recorded since Begin.
	Rollback()
}

// MemoryStore lives as long as the process, and forgets nothing.
type MemoryStore struct {
	turn  chan struct{}
	times map[term][]int64 // in order
	used  map[interval]uint32
	undo  []func()
}

type term struct{ history, term string }

type interval struct {
	history string
	number  int64
}

// NewMemoryStore makes a store that has seen nothing.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{
		turn:  make(chan struct{}, 1),
		times: make(map[term][]int64),
		used:  make(map[interval]uint32),
	}
}

// Begin waits until no other batch is under way.
func (s *MemoryStore) Begin(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Answers judges and records sightings.
func (s *MemoryStore) Answers(_ context.Context, questions []Question) ([]Answer, error) {
	answers := make([]Answer, 0, len(questions))
	for _, question := range questions {
		if question.Sighting == nil || question.Sighting.Quota.PerMs == 0 {
			return nil, errors.New("a question that is no sighting")
		}
		answers = append(answers, Answer{Sighting: s.verdict(question.Sighting)})
	}
	return answers, nil
}

// Commit keeps what was recorded.
func (s *MemoryStore) Commit(context.Context, []Alert) error {
	s.undo = nil
	<-s.turn
	return nil
}

// Rollback drops what was recorded since Begin.
func (s *MemoryStore) Rollback() {
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
	s.undo = nil
	<-s.turn
}

func (s *MemoryStore) verdict(sighting *Sighting) Verdict {
	key := term{sighting.History, sighting.Term}
	times, at := s.times[key], sighting.At
	place, same := slices.BinarySearch(times, at)
	if same {
		return Seen
	}
	if place > 0 && distance(times[place-1], at) <= sighting.WindowMs ||
		place < len(times) && distance(at, times[place]) <= sighting.WindowMs {
		s.record(key, at)
		return Seen
	}
	interval := interval{sighting.History, floor(at, sighting.Quota.PerMs)}
	if s.used[interval] >= sighting.Quota.Max {
		return Deferred
	}
	s.used[interval]++
	s.undo = append(s.undo, func() { s.used[interval]-- })
	s.record(key, at)
	return Unseen
}

func (s *MemoryStore) record(key term, at int64) {
	place, _ := slices.BinarySearch(s.times[key], at)
	s.times[key] = slices.Insert(s.times[key], place, at)
	s.undo = append(s.undo, func() {
		place, _ := slices.BinarySearch(s.times[key], at)
		s.times[key] = slices.Delete(s.times[key], place, place+1)
	})
}

// distance is later - earlier, which may be more than an int64 holds.
func distance(earlier, later int64) uint64 { return uint64(later) - uint64(earlier) }

// floor is at / per, rounded down.
func floor(at int64, per uint64) int64 {
	switch {
	case per > math.MaxInt64:
		return at >> 63
	case at < 0:
		return -1 - (-1-at)/int64(per)
	}
	return at / int64(per)
}
