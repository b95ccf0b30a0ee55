#!/bin/sh
# Builds the program that uses the client; Go fetches its modules. Of the client
# only the typed API is left out, which the program does not use: it has 900 packages.
#
#   tests/clients/go-elasticsearch/build.sh DIR     in DIR; nothing is done if what
#                                                   is there is of these files
set -eu

out=${1:?a directory}
here=$(cd "$(dirname "$0")" && pwd)
command -v go >/dev/null || { echo "Go is not installed" >&2; exit 1; }

stamp=$(cd "$here" && cat build.sh go.mod go.sum main.go no-typed-api.go.txt | cksum; go version)
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$out"
mkdir -p "$out/source"
cp "$here/go.mod" "$here/go.sum" "$here/main.go" "$out/source"
(
    cd "$out/source"
    export GOWORK=off CGO_ENABLED=0
    module=github.com/elastic/go-elasticsearch/v9
    go mod download "$module"
    cp -r "$(go list -m -f '{{.Dir}}' "$module")" client
    chmod -R u+w client
    rm -r client/typedapi
    mkdir client/typedapi
    cp "$here/no-typed-api.go.txt" client/typedapi/typedapi.go
    go mod edit -replace "$module=./client"
    # Without optimization, which takes half of the time.
    go build -mod=mod -gcflags "$module/...=-N -l" -o ../send .
)
rm -rf "$out/source"
# Last: only what was built to its end is used.
echo "$stamp" >"$out/stamp"
