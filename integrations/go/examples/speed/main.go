// How fast the module judges events: speed [-deadlines] PLAIN EVENTS [RULES]
//
// The events are passed over again and again. The first pass tells how many alerts there are,
// those of a second warm up, those of two more are measured. Prints a line of JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"firstseen"
)

const (
	arrivalMs  = 1795500000000
	batchBytes = 256 << 10
	warmUp     = time.Second
	measured   = 2 * time.Second
	deadline   = time.Minute
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// batchesOf is whole lines, as many as make a batch.
func batchesOf(events []byte) (batches [][]byte) {
	var batch []byte
	for line := range bytes.Lines(events) {
		if batch = append(batch, line...); len(batch) >= batchBytes {
			batches, batch = append(batches, batch), nil
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// evaluated is how many events there were, and how many alerts.
func evaluated(detector *firstseen.Detector, batches [][]byte) (events, alerts int) {
	for _, batch := range batches {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		given := must(detector.Evaluate(ctx, batch, firstseen.Context{Arrival: arrivalMs}))
		cancel()
		events += int(given.Summary.Events)
		alerts += len(given.Alerts)
	}
	return events, alerts
}

// onCore is the time that processors have spent on this process.
func onCore() time.Duration {
	var usage syscall.Rusage
	must(0, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func versions() string {
	text := "Go " + strings.TrimPrefix(runtime.Version(), "go")
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/tetratelabs/wazero" {
			text += ", wazero " + strings.TrimPrefix(module.Version, "v")
		}
	}
	return text
}

func main() {
	deadlines := flag.Bool("deadlines", false, "have the module look for the deadline of a call")
	flag.Parse()
	wasm, events := must(os.ReadFile(flag.Arg(0))), batchesOf(must(os.ReadFile(flag.Arg(1))))
	var rules firstseen.Configuration
	for _, path := range flag.Args()[2:] {
		document := firstseen.Document{Name: path, Content: string(must(os.ReadFile(path)))}
		rules.Rules = append(rules.Rules, document)
	}

	began, ctx := time.Now(), context.Background()
	compile := firstseen.CompileWithoutDeadlines
	if *deadlines {
		compile = firstseen.Compile
	}
	detector := must(firstseen.NewDetector(ctx, must(compile(ctx, wasm)), rules, firstseen.NewMemoryStore()))
	_, alerts := evaluated(detector, events[:1])
	ready := time.Since(began)
	_, others := evaluated(detector, events[1:])
	for time.Since(began) < ready+warmUp {
		evaluated(detector, events)
	}
	began = time.Now()
	judged, took, core := 0, time.Duration(0), onCore()
	for ; took < measured; took = time.Since(began) {
		number, _ := evaluated(detector, events)
		judged += number
	}
	core = onCore() - core

	loaded := 0
	for _, report := range detector.Reports {
		if report.Loaded != nil {
			loaded++
		}
	}
	must(0, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"host":              "Go",
		"runtime":           versions(),
		"rules":             loaded,
		"events_per_second": float64(judged) / took.Seconds(),
		"core_share":        core.Seconds() / took.Seconds(),
		"alerts":            alerts + others,
		"ready_ms":          ready.Seconds() * 1000,
	}))
}
