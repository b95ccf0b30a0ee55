#!/bin/sh
# Sends documents with curl, packed with gzip.
#
#   tests/clients/curl/run.sh DIR URL TARGET FILE gzip
set -eu

url=$2 target=$3 file=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

split -l 500 -a 4 "$file" "$work/batch."
for batch in "$work"/batch.*; do
    sed 's/^/{"create":{}}\n/' "$batch" | gzip --fast >"$work/body.gz"
    curl --silent --show-error --fail-with-body -H 'Content-Type: application/x-ndjson' -H 'Content-Encoding: gzip' \
        --data-binary "@$work/body.gz" "$url/$target/_bulk" >>"$work/answers"
done
jq --slurp --compact-output \
    '[.[].items[].create.status] | {accepted: map(select(. == 201)) | length, refused: map(select(. != 201)) | length}' \
    "$work/answers"
