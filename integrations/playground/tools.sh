#!/bin/sh
# Installs what `package.json` names from npm's registry into a folder.
#
#   integrations/playground/tools.sh DIR     in DIR; nothing is done if what is there
#                                            is of these files
set -eu

out=${1:?a directory}
here=$(cd "$(dirname "$0")" && pwd)
node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' && command -v npm >/dev/null ||
    { echo "Node.js 20 or newer with npm is not installed" >&2; exit 1; }

stamp=$(cd "$here" && cat tools.sh package.json | cksum; node --version)
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$out"
mkdir -p "$out"
cp "$here/package.json" "$out"
npm install --prefix "$out" --silent --ignore-scripts --no-audit --no-fund --no-package-lock
# Last: only what was installed to its end is used.
echo "$stamp" >"$out/stamp"
