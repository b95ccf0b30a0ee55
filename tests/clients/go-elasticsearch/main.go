// Sends documents with the bulk indexer of go-elasticsearch: send URL TARGET FILE WORKERS
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log"
	"os"
	"strconv"

	"github.com/elastic/go-elasticsearch/v9"
	"github.com/elastic/go-elasticsearch/v9/esutil"
)

const (
	batchBytes = 128 << 10
	lineBytes  = 1 << 20
)

func main() {
	url, target, path := os.Args[1], os.Args[2], os.Args[3]
	workers, err := strconv.Atoi(os.Args[4])
	check(err)
	file, err := os.Open(path)
	check(err)
	client, err := elasticsearch.NewClient(elasticsearch.Config{
		Addresses:           []string{url},
		CompressRequestBody: true,
	})
	check(err)
	indexer, err := esutil.NewBulkIndexer(esutil.BulkIndexerConfig{
		Client:     client,
		Index:      target,
		NumWorkers: workers,
		FlushBytes: batchBytes,
		OnError:    func(_ context.Context, err error) { log.Print(err) },
	})
	check(err)

	lines := bufio.NewScanner(file)
	lines.Buffer(nil, lineBytes)
	for lines.Scan() {
		document := bytes.NewReader(bytes.Clone(lines.Bytes()))
		check(indexer.Add(context.Background(), esutil.BulkIndexerItem{Action: "create", Body: document}))
	}
	check(lines.Err())
	check(indexer.Close(context.Background()))
	stats := indexer.Stats()
	check(json.NewEncoder(os.Stdout).Encode(map[string]uint64{"accepted": stats.NumFlushed, "refused": stats.NumFailed}))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
