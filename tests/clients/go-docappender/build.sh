#!/bin/sh
# Builds the program that uses the client; Go fetches its modules.
#
#   tests/clients/go-docappender/build.sh DIR     in DIR; nothing is done if what
#                                                 is there is of these files
set -eu

out=${1:?a directory}
here=$(cd "$(dirname "$0")" && pwd)
command -v go >/dev/null || { echo "Go is not installed" >&2; exit 1; }

stamp=$(cd "$here" && cat build.sh go.mod go.sum main.go | cksum; go version)
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
(cd "$here" && GOWORK=off CGO_ENABLED=0 go build -mod=readonly -o "$out/send" .)
# Last: only what was built to its end is used.
echo "$stamp" >"$out/stamp"
