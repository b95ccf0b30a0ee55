#!/bin/sh
# Sends documents with opensearch-py.
#
#   tests/clients/opensearch-py/run.sh DIR URL TARGET FILE HELPER
#
# HELPER is bulk, streaming or parallel.
set -eu

here=$(dirname "$0")
PYTHONPATH="$1/requirements" exec python3 "$here/../send.py" opensearchpy "$2" "$3" "$4" "$5"
