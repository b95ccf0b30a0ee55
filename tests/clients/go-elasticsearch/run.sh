#!/bin/sh
# Sends documents with go-elasticsearch.
#
#   tests/clients/go-elasticsearch/run.sh DIR URL TARGET FILE WORKERS
set -eu

exec "$1/send" "$2" "$3" "$4" "$5"
