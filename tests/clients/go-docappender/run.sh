#!/bin/sh
# Sends documents with go-docappender.
#
#   tests/clients/go-docappender/run.sh DIR URL TARGET FILE WORKERS|ids
set -eu

exec "$1/send" "$2" "$3" "$4" "$5"
