#!/bin/sh
# There is nothing to build: the machine's own curl is used.
#
#   tests/clients/curl/build.sh DIR     notes in DIR that it is there
set -eu

out=${1:?a directory}
for tool in curl gzip jq split; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
done
mkdir -p "$out"
curl --version | head -n 1 >"$out/stamp"
