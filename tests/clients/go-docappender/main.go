// Sends documents with go-docappender, of which the OpenTelemetry Collector's
// elasticsearch exporter is made: send URL TARGET FILE WORKERS|ids
//
// With "ids" each document has an id of its own, its line's number; that takes the
// lower of the two interfaces that the exporter uses.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-docappender/v2"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

const (
	batch      = 500
	batchBytes = 128 << 10
	lineBytes  = 1 << 20
)

func main() {
	address, target, path, mode := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	base, err := url.Parse(address)
	check(err)
	client, err := elastictransport.New(elastictransport.Config{URLs: []*url.URL{base}})
	check(err)
	file, err := os.Open(path)
	check(err)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, lineBytes)

	var sent, accepted int64
	if mode == "ids" {
		sent, accepted = withIDs(client, target, lines)
	} else {
		workers, err := strconv.Atoi(mode)
		check(err)
		sent, accepted = appended(client, target, lines, workers)
	}
	check(lines.Err())
	check(json.NewEncoder(os.Stdout).Encode(map[string]int64{"accepted": accepted, "refused": sent - accepted}))
}

func appended(client elastictransport.Interface, target string, lines *bufio.Scanner, workers int) (sent, accepted int64) {
	var outcomes outcomes
	appender, err := docappender.New(client, docappender.Config{
		CompressionLevel: 1,
		MaxRequests:      workers,
		FlushBytes:       batchBytes / 8, // They are counted packed.
		MeterProvider:    provider{outcomes: &outcomes},
	})
	check(err)
	for lines.Scan() {
		check(appender.Add(context.Background(), target, bytes.NewReader(bytes.Clone(lines.Bytes()))))
		sent++
	}
	check(appender.Close(context.Background()))
	return sent, outcomes.succeeded.Load()
}

func withIDs(client elastictransport.Interface, target string, lines *bufio.Scanner) (sent, accepted int64) {
	indexer, err := docappender.NewBulkIndexer(docappender.BulkIndexerConfig{Client: client, CompressionLevel: 1})
	check(err)
	flush := func() {
		answer, err := indexer.Flush(context.Background())
		check(err)
		accepted += answer.Indexed
	}
	for lines.Scan() {
		sent++
		check(indexer.Add(docappender.BulkIndexerItem{
			Index:      target,
			DocumentID: fmt.Sprint("line-", sent),
			Body:       bytes.NewReader(bytes.Clone(lines.Bytes())),
		}))
		if indexer.Items() == batch {
			flush()
		}
	}
	if indexer.Items() > 0 {
		flush()
	}
	return sent, accepted
}

// The appender tells what became of documents by a metric.
type outcomes struct {
	noop.Meter
	succeeded atomic.Int64
}

type provider struct {
	noop.MeterProvider
	outcomes *outcomes
}

type processed struct {
	noop.Int64Counter
	outcomes *outcomes
}

func (p provider) Meter(string, ...metric.MeterOption) metric.Meter { return p.outcomes }

func (o *outcomes) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	if name == "elasticsearch.events.processed" {
		return processed{outcomes: o}, nil
	}
	return noop.Int64Counter{}, nil
}

func (p processed) Add(_ context.Context, count int64, options ...metric.AddOption) {
	attributes := metric.NewAddConfig(options).Attributes()
	if status, _ := attributes.Value("status"); status.AsString() == "Success" {
		p.outcomes.succeeded.Add(count)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
