// Events in, alerts out: filter MODULE [RULE.json…] <events.ndjson >alerts.ndjson
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"time"
	"unicode/utf8"

	"firstseen"
)

const batchBytes = 256 << 10

// nextBatch reads whole lines, and io.EOF after the last. Those that are not UTF-8 are left
// empty, so that the others keep their numbers.
func nextBatch(events *bufio.Reader) (batch []byte, err error) {
	for len(batch) < batchBytes && err == nil {
		var line []byte
		if line, err = events.ReadBytes('\n'); !utf8.Valid(line) {
			line = []byte("\n")
		}
		batch = append(batch, line...)
	}
	return batch, err
}

func must[T any](value T, err error) T {
	if err != nil && err != io.EOF {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx, configuration := context.Background(), firstseen.Configuration{Clock: "event"}
	for _, path := range os.Args[2:] {
		rule := firstseen.Document{Name: path, Content: string(must(os.ReadFile(path)))}
		configuration.Rules = append(configuration.Rules, rule)
	}
	module := must(firstseen.Compile(ctx, must(os.ReadFile(os.Args[1]))))
	detector := must(firstseen.NewDetector(ctx, module, configuration, firstseen.NewMemoryStore()))
	for _, report := range detector.Reports {
		if report.Loaded == nil {
			log.Printf("%s", must(json.Marshal(report)))
		}
	}
	events := bufio.NewReader(os.Stdin)
	for batch := must(nextBatch(events)); len(batch) > 0; batch = must(nextBatch(events)) {
		given := must(detector.Evaluate(ctx, batch, firstseen.Context{Arrival: time.Now().UnixMilli()}))
		for _, alert := range given.Alerts {
			fmt.Println(alert.Document)
		}
	}
}
