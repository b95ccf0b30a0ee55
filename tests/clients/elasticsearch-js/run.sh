#!/bin/sh
# Sends documents with @elastic/elasticsearch.
#
#   tests/clients/elasticsearch-js/run.sh DIR URL TARGET FILE WORKERS
set -eu

exec node "$1/send.mjs" "$2" "$3" "$4" "$5"
