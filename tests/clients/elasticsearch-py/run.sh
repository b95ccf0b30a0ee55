#!/bin/sh
# Sends documents with elasticsearch-py.
#
#   tests/clients/elasticsearch-py/run.sh DIR URL TARGET FILE VERSION-HELPER
#
# VERSION is 8 or 9, HELPER bulk, streaming or parallel.
set -eu

here=$(dirname "$0")
mode=$5
PYTHONPATH="$1/requirements-${mode%%-*}" exec python3 "$here/../send.py" elasticsearch "$2" "$3" "$4" "${mode#*-}"
